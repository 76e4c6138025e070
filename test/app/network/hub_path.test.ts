import { describe, expect, test } from "vitest";
import {
  addressOfPath,
  hubFileAddress,
  hubListAddress,
  hubPath,
  hubText,
  readHubPath,
} from "../../../src/app/network/hub_path.ts";

const place = (kind: "models" | "datasets", repository: string, revision: string, path = "") => ({
  kind,
  repository,
  revision,
  path,
});

describe("paths on the Hub", () => {
  test.each([
    ["hf://Qwen/Qwen2.5-VL-3B-Instruct", place("models", "Qwen/Qwen2.5-VL-3B-Instruct", "main")],
    ["hf://models/a/b@v1.0/config.json", place("models", "a/b", "v1.0", "config.json")],
    ["hf://datasets/a/b@main/data/train 0.parquet", place("datasets", "a/b", "main", "data/train 0.parquet")],
    ["hf://datasets/a/b/data/x.parquet", place("datasets", "a/b", "main", "data/x.parquet")],
    ["hf://datasets/a/b@refs/convert/parquet/default", place("datasets", "a/b", "refs/convert/parquet", "default")],
    ["hf://a/b@refs/pr/12", place("models", "a/b", "refs/pr/12")],
    ["hf://a/b@feature%2Fx/c.json", place("models", "a/b", "feature/x", "c.json")],
    ["hf://a/b@main/", place("models", "a/b", "main")],
  ])("%s", (text, expected) => {
    expect(readHubPath(text)).toEqual(expected);
    expect(readHubPath(hubText(expected))).toEqual(expected);
  });

  test.each([
    ["hf://a", "no owner and name of a repository"],
    ["hf://spaces/a/b", "a space"],
    ["hf://a/b@/x", 'the revision ""'],
    ["hf://a/b@a..b/x", 'the revision "a..b"'],
    ["hf://a/b@main/../x", "a path that leaves its folder"],
    ["hf://a/../x", "no owner and name"],
    ["hf://a/b?token=1/x", "no owner and name"],
    ["https://a/b", "another beginning"],
  ])("%s is refused", (text, found) => {
    expect(() => readHubPath(text)).toThrow(
      `Expected hf://owner/name@revision/file, or hf://datasets/owner/name@revision/file, found ${found}`,
    );
  });

  test("what a person writes for a model or a data set", () => {
    expect(hubPath("a/b@main", "models")).toBe("hf://a/b@main");
    expect(hubPath("a/b@main", "datasets")).toBe("hf://datasets/a/b@main");
    expect(hubPath("a/b@refs/pr/3", "datasets")).toBe("hf://datasets/a/b@refs/pr/3");
    expect(hubPath("hf://datasets/a/b", "datasets")).toBe("hf://datasets/a/b@main");
    for (const other of ["needle", "a/b", "./a/b@c", "/data/a@b", "https://a/b@c", "a/b/c@d"])
      expect(hubPath(other, "models"), other).toBeNull();
  });
});

test("addresses, each part escaped by itself", () => {
  const file = place("datasets", "a/b", "refs/convert/parquet", "data #1/x?.parquet");
  expect(hubFileAddress(file)).toBe(
    "https://huggingface.co/datasets/a/b/resolve/refs%2Fconvert%2Fparquet/data%20%231/x%3F.parquet",
  );
  expect(hubListAddress({ ...file, path: "data" }, "https://mirror.example")).toBe(
    "https://mirror.example/api/datasets/a/b/tree/refs%2Fconvert%2Fparquet/data?recursive=true",
  );
  expect(hubFileAddress(place("models", "a/b", "main", "config.json"))).toBe(
    "https://huggingface.co/a/b/resolve/main/config.json",
  );
});

test("what is asked first, for people to see before", () => {
  expect(addressOfPath("hf://a/b@main")).toBe("https://huggingface.co/api/models/a/b/tree/main?recursive=true");
  expect(addressOfPath("hf://datasets/a/b@v1/x.parquet", "http://mirror")).toBe(
    "http://mirror/datasets/a/b/resolve/v1/x.parquet",
  );
  expect(addressOfPath("https://host/x.parquet")).toBe("https://host/x.parquet");
  expect(addressOfPath("data/x.parquet")).toBeNull();
});
