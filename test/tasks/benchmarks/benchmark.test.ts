import { expect, test } from "vitest";
import { letterOf, type Order, ordersOf, spread } from "../../../src/tasks/benchmarks/benchmark.ts";

const given: Order[] = [{ options: ["red", "blue", "green", "white"], right: 0 }];
const question = { id: "vstar/direct_attributes/sa_1", given };
const rightText = ({ options, right }: Order) => options[right];

test("circular is every rotation, and the right option goes round with it", () => {
  const orders = ordersOf(question, "circular", 0);
  expect(orders.map(({ options }) => options.join(" "))).toEqual([
    "red blue green white",
    "blue green white red",
    "green white red blue",
    "white red blue green",
  ]);
  expect(orders.map(rightText)).toEqual(["red", "red", "red", "red"]);
  expect(orders.map(({ right }) => letterOf(right))).toEqual(["A", "D", "C", "B"]);
  // A question that a file gives in four orders already is not asked sixteen times.
  expect(ordersOf({ id: "x", given: orders }, "circular", 0)).toEqual(orders);
});

test("shuffled depends on seed and question alone, and puts the right one everywhere equally often", () => {
  const once = ordersOf(question, "shuffled", 7);
  expect(ordersOf(question, "shuffled", 7)).toEqual(once);
  expect(once.map(rightText)).toEqual(["red"]);
  const places = [0, 0, 0, 0];
  for (let i = 0; i < 2000; i++) places[ordersOf({ id: `q/${i}`, given }, "shuffled", 7)[0]!.right]!++;
  // 500 expected, deviation 19.4
  for (const place of places) expect(Math.abs(place - 500)).toBeLessThan(80);
  const differs = Array.from({ length: 20 }, (_, i) => ordersOf({ id: `q/${i}`, given }, "shuffled", 8)[0]!);
  expect(differs).not.toEqual(
    Array.from({ length: 20 }, (_, i) => ordersOf({ id: `q/${i}`, given }, "shuffled", 7)[0]!),
  );
});

test("as given is as the file has it", () => {
  expect(ordersOf(question, "as-given", 3)).toEqual(given);
});

test("some of many are spread over the categories, in their own order", () => {
  const items = ["a1", "a2", "a3", "b1", "c1", "c2"];
  const category = (item: string) => item[0]!;
  expect(spread(items, category, 4)).toEqual(["a1", "a2", "b1", "c1"]);
  expect(spread(items, category, 2)).toEqual(["a1", "b1"]);
  expect(spread(items, category, 99)).toEqual(items);
});
