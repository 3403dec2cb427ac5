import { expect, it } from "vitest";
import { StoppedEarly, watchPreparation } from "../../src/training/preparation.js";
import { createTerminal } from "../../src/ui/terminal.js";

function watched(status: () => number | undefined = () => undefined) {
  const written: string[] = [];
  const stderr = { isTTY: true, columns: 80, write: (text: string) => written.push(text) };
  let time = 0;
  const terminal = createTerminal({ stdout: stderr, stderr, env: {} });
  const preparation = watchPreparation(terminal, { status }, () => time);
  const at = (milliseconds: number, share: number): void => {
    time = milliseconds;
    preparation.onCompile("gradient", share);
  };
  return { ...preparation, at, written };
}

it("shows a compilation of more than two seconds, with the time that is left", () => {
  const { at, written } = watched();
  at(1900, 0.1);
  expect(written).toEqual([]);
  at(10_000, 0.25);
  expect(written.join("")).toContain(" 25/100  gradient  30 s left");
});

it("ends where a signal came, until the run begins", () => {
  let status: number | undefined;
  const { at, ...preparation } = watched(() => status);
  const expectUnstopped = (): void => preparation.expectUnstopped();
  at(100, 0.1);
  expectUnstopped();
  status = 143;
  expect(() => at(200, 0.2)).toThrow(StoppedEarly);
  expect(expectUnstopped).toThrow(StoppedEarly);
  preparation.end();
  at(300, 0.3);
  expectUnstopped();
});
