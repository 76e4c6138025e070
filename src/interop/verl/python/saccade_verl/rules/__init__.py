"""When two answers are the same, without a model: Saccade's rules, case by case the same as in TypeScript."""
