import { EventEmitter } from "node:events";
import { CheckpointError, NotFiniteError, UsageError } from "@flowify/core";
import picocolors from "picocolors";
import { describe, expect, it, vi } from "vitest";
import { exitStatus, formatError } from "../../src/ui/errors.js";
import { unknownName } from "../../src/ui/format.js";
import { watchInterrupts } from "../../src/ui/interrupt.js";
import { NoReaderError, outputTo } from "../../src/ui/output.js";
import { createProgress, formatDuration } from "../../src/ui/progress.js";
import { colorsFor, createTerminal } from "../../src/ui/terminal.js";

function stream(isTTY = false) {
  const written: string[] = [];
  return { isTTY, columns: 80, write: (text: string) => written.push(text), text: () => written.join("") };
}

const plain = picocolors.createColors(false);

describe("errors", () => {
  it("show code, message and what to do", () => {
    expect(formatError(new UsageError("runs/a holds another run\nuse --force"), plain)).toBe(
      "error[USAGE]: runs/a holds another run\n  hint: use --force",
    );
  });

  it("of the system keep their code and get a hint", () => {
    const full = Object.assign(new Error("ENOSPC: no space left on device, write"), {
      code: "ENOSPC",
      syscall: "write",
    });
    expect(formatError(full, plain)).toBe(
      "error[ENOSPC]: ENOSPC: no space left on device, write\n  hint: the disk is full: free some space, then run the command again",
    );
    expect(exitStatus(full)).toBe(1);
    const file = { code: "ENOTDIR", syscall: "mkdir" };
    expect(
      formatError(Object.assign(new Error("ENOTDIR: not a directory, mkdir 'a/b'"), file), plain),
    ).toContain("hint: a part of the path is a file, expected folders\n  hint: choose another --out");
  });

  it("that nobody foresaw are called so, with the stack on request", () => {
    const error = new TypeError("x is undefined");
    expect(formatError(error, plain)).toContain(
      "error[INTERNAL]: x is undefined\n  hint: this is a bug in flowify",
    );
    expect(formatError(error, plain, { debug: true })).toContain("ui.test.ts");
    expect(formatError("text", plain)).toContain("error[INTERNAL]: text");
  });

  it("end with 2 for what the user wrote and 1 for what failed", () => {
    expect(exitStatus(new UsageError("x"))).toBe(2);
    expect(exitStatus(new CheckpointError("x"))).toBe(1);
    expect(exitStatus(new NotFiniteError(3, "linear[2]", "x"))).toBe(1);
  });
});

describe("outputs that fail", () => {
  const failing = (isTTY: boolean, code: string) => {
    const stream = Object.assign(new EventEmitter(), {
      isTTY,
      write: vi.fn<(text: string) => boolean>(() => true),
    });
    const fail = (): boolean =>
      stream.emit("error", Object.assign(new Error(code), { code, syscall: "write" }));
    return { stream: stream as never, written: stream.write, fail };
  };

  it.each([
    [false, "EPIPE", true],
    [true, "EIO", true],
    [false, "EIO", false],
    [false, "ENOSPC", false],
  ])("on a terminal: %s, %s: nobody reads is %s; the next line throws", (isTTY, code, noReader) => {
    const { stream, written, fail } = failing(isTTY, code);
    const gone = vi.fn<() => void>();
    const output = outputTo({ stream, name: "standard output", onNoReader: gone });
    output.write("a");
    fail();
    fail();
    expect(gone).toHaveBeenCalledTimes(noReader ? 1 : 0);
    expect(output.failure() instanceof NoReaderError).toBe(noReader);
    expect(() => output.write("b")).toThrow(
      noReader ? "standard output is closed" : `standard output: ${code}`,
    );
    expect(written.mock.calls).toEqual([["a"]]);
  });

  it("leave notes out that are dispensable, and all where nobody is left", () => {
    const { stream, written, fail } = failing(false, "EPIPE");
    let silent = true;
    const output = outputTo({
      stream,
      name: "standard error",
      onNoReader: () => {},
      dispensable: true,
      silent: () => silent,
    });
    output.write("a");
    silent = false;
    output.write("b");
    fail();
    output.write("c");
    expect(written.mock.calls).toEqual([["b"]]);
  });
});

describe("what files say", () => {
  const hostile = "a\u001b[2J\u001b[31mb\nc\td\u009b1m\u202ee\u0007\u007f ü 猫";
  const shown = "a\\x1b[2J\\x1b[31mb\\nc\\td\\x9b1m\\u202ee\\x07\\x7f ü 猫";

  it("is shown with what a terminal would obey escaped: in lines, notes, warnings, progress", () => {
    const [stdout, stderr] = [stream(), stream()];
    const terminal = createTerminal({ stdout, stderr, env: {} });
    terminal.say(hostile);
    terminal.note(hostile);
    terminal.warn(hostile);
    const progress = createProgress(terminal, { label: "x", total: 1 });
    progress.note(hostile);
    progress.update(1, hostile);
    progress.finish();
    expect(stdout.text()).toBe(`${shown}\n`);
    expect(stderr.text()).toBe(`${shown}\nwarning: ${shown}\n${shown}\nx 1/1  ${shown}  0 s\n`);
  });

  it("is shown so in errors, whose lines are the message and hints", () => {
    const [first] = hostile.split("\n");
    expect(formatError(new UsageError(`${first}\nhint\u001b[2J`), plain)).toBe(
      "error[USAGE]: a\\x1b[2J\\x1b[31mb\n  hint: hint\\x1b[2J",
    );
    expect(formatError(new Error(hostile), plain)).toContain(`error[INTERNAL]: ${shown}\n`);
  });

  it("leaves the colours of the command itself on a terminal, and nothing else", () => {
    const terminal = createTerminal({ stdout: stream(true), stderr: stream(), env: {} });
    const { bold, red } = terminal.colors;
    const line = `${bold(red("x"))} \u001b[2J\u001b[8mhidden`;
    const out = stream(true);
    createTerminal({ stdout: out, stderr: stream(), env: {} }).say(line);
    expect(out.text()).toBe(`${bold(red("x"))} \\x1b[2J\\x1b[8mhidden\n`);
  });
});

describe("suggestions", () => {
  const known = ["mnist", "fashion-mnist", "cifar10"];
  it("list what is known", () => {
    expect(unknownName("data set", "svhn", known)).toBe(
      'unknown data set "svhn". Known: mnist, fashion-mnist, cifar10',
    );
  });
});

describe("the terminal", () => {
  it("keeps standard output for the document with --json", () => {
    const [stdout, stderr] = [stream(), stream()];
    const terminal = createTerminal({ stdout, stderr, env: {} }, { json: true });
    terminal.say("text");
    terminal.note("note");
    terminal.document({ bpd: 4.5 });
    expect(stdout.text()).toBe('{"bpd":4.5}\n');
    expect(stderr.text()).toBe("text\nnote\n");
  });

  it("says results on standard output without it, and no notes when quiet", () => {
    const [stdout, stderr] = [stream(), stream()];
    const terminal = createTerminal({ stdout, stderr, env: {} }, { quiet: true });
    terminal.say("text");
    terminal.note("note");
    terminal.warn("look");
    terminal.document({});
    expect(stdout.text()).toBe("text\n");
    expect(stderr.text()).toBe("warning: look\n");
  });

  it("is coloured for people only", () => {
    expect(colorsFor(stream(true), {}).red("x")).not.toBe("x");
    expect(colorsFor(stream(true), { NO_COLOR: "1" }).red("x")).toBe("x");
    expect(colorsFor(stream(true), { TERM: "dumb" }).red("x")).toBe("x");
    expect(colorsFor(stream(false), {}).red("x")).toBe("x");
  });
});

describe("progress", () => {
  function progressOn(isTTY: boolean, quiet = false) {
    const stderr = stream(isTTY);
    let time = 0;
    const terminal = createTerminal({ stdout: stream(), stderr, env: {} }, { quiet });
    const progress = createProgress(terminal, { label: "step", total: 100, done: 20, now: () => time });
    return {
      stderr,
      progress,
      at: (milliseconds: number) => {
        time = milliseconds;
        return progress;
      },
    };
  }

  it("renews one line on a terminal, with the time left", () => {
    const { stderr, at } = progressOn(true);
    at(1000).update(30, "loss 1.00");
    at(1010).update(31, "loss 0.90");
    at(2000).update(40, "loss 0.80");
    at(2010).finish();
    expect(stderr.text()).toBe(
      `\r\x1b[2Kstep ██████░░░░░░░░░░░░░░  30/100  loss 1.00  7 s left\r\x1b[2Kstep ████████░░░░░░░░░░░░  40/100  loss 0.80  6 s left\n`,
    );
  });

  it("gives the figures their room before the bar, so that the time left is never cut off", () => {
    const { stderr, at } = progressOn(true);
    const figures = "epoch 1/1  loss 2650.3  bpd 4.877  1,664 images/s";
    at(1000).update(30, figures);
    expect(stderr.text()).toBe(`\r\x1b[2Kstep ██░░░  30/100  ${figures}  7 s left`);
    at(2000).update(40, `${figures} and`);
    expect(stderr.text()).toContain(`\r\x1b[2Kstep  40/100  ${figures} and  6 s left`);
  });

  it("counts no time left by other work between two units", async () => {
    const { stderr, at } = progressOn(true);
    at(1000).update(30, "loss 1.00");
    await at(1010).beside(async () => void at(61_010));
    at(62_010).update(40, "loss 0.80");
    expect(stderr.text()).toMatch(/ 40\/100 {2}loss 0\.80 {2}6 s left$/);
    at(68_000).update(100, "loss 0.50");
    expect(stderr.text()).toMatch(/ 100\/100 {2}loss 0\.50 {2}1:08$/); // all of it, in the end
  });

  it("counts no time left by a first step, in which programs are compiled", () => {
    const { stderr, at } = progressOn(true);
    at(9000).update(21, "loss 1.00");
    at(10_000).update(31, "loss 0.90");
    expect(stderr.text()).toMatch(/ 21\/100 {2}loss 1\.00\r.* 31\/100 {2}loss 0\.90 {2}7 s left$/s);
  });

  it("soon forgets a pause, in which a picture is drawn", () => {
    const { stderr, at } = progressOn(true);
    for (let done = 21; done <= 60; done++) at(100 * done + (done > 25 ? 9000 : 0)).update(done, "");
    expect(stderr.text()).toMatch(/26\/100 {2}\d\d\d? s left|26\/100 {2}\d:\d\d left/);
    expect(stderr.text()).toMatch(/60\/100 {2}4 s left$/);
  });

  it("counts from where it falls back to, where work is lost", () => {
    const { stderr, at } = progressOn(true);
    for (let done = 21; done <= 60; done++) at(100 * (done - 20)).update(done, "");
    at(4500).update(30, "back");
    at(5500).update(35, "");
    expect(stderr.text()).toMatch(/35\/100 {2}13 s left$/);
  });

  it("shows the whole line where a terminal says that it is 0 columns wide", () => {
    const stderr = { ...stream(true), columns: 0 };
    const progress = createProgress(createTerminal({ stdout: stream(), stderr, env: {} }), {
      label: "step",
      total: 4,
      now: () => 1000,
    });
    progress.update(4, "loss 1.00");
    expect(stderr.text()).toMatch(/ 4\/4 {2}loss 1\.00 {2}0 s$/);
    expect(createTerminal({ stdout: { ...stream(true), columns: 0 }, stderr, env: {} }).columns).toBe(80);
  });

  it("writes plain lines every few seconds in a pipe, and the last", () => {
    const { stderr, at } = progressOn(false);
    at(1000).update(30, "loss 1");
    at(6000).update(50, "loss 2");
    at(7000).update(100, "loss 3");
    at(7000).finish();
    expect(stderr.text()).toBe("step  50/100  loss 2  10 s left\nstep 100/100  loss 3  7 s\n");
  });

  it("is silent when quiet", () => {
    const { stderr, at } = progressOn(true, true);
    at(1000).update(30, "x");
    at(1000).finish();
    expect(stderr.text()).toBe("");
  });

  it.each([
    [0, "0 s"],
    [59_400, "59 s"],
    [61_000, "1:01"],
    [3_725_000, "1:02:05"],
  ])("writes %d ms as %s", (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });
});

describe("interrupts", () => {
  it("ends in order first, at once after the second", () => {
    const source = new EventEmitter();
    const seen: (string | number)[] = [];
    const interrupt = watchInterrupts(
      source,
      () => seen.push("first"),
      (status) => seen.push(status),
    );
    expect(interrupt.status()).toBeUndefined();
    source.emit("SIGTERM");
    expect(interrupt.status()).toBe(143);
    source.emit("SIGINT");
    expect(seen).toEqual(["first", 130]);
    interrupt.stop();
    expect(source.listenerCount("SIGINT")).toBe(0);
  });

  it("ends in order however often a closed terminal says so", () => {
    const source = new EventEmitter();
    const seen: (string | number)[] = [];
    const interrupt = watchInterrupts(
      source,
      () => seen.push("first"),
      (status) => seen.push(status),
    );
    for (let i = 0; i < 3; i++) source.emit("SIGHUP");
    expect([interrupt.status(), ...seen]).toEqual([129, "first"]);
    source.emit("SIGTERM");
    expect(seen).toEqual(["first", 143]);
  });
});
