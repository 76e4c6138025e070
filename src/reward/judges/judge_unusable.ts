/** Every question would fail for the same reason, so that asking stops; the message is one sentence for people. */
export class JudgeUnusable extends Error {
  constructor(why: string) {
    super(`${why}; no answer can be judged so: enter the right key, address or model of the judge and go on`);
    this.name = "JudgeUnusable";
  }
}
