import { expect, it } from "vitest";
import { availableCores } from "../src/resources.js";

const cores = (files: { readonly [path: string]: string }, scheduled = 8): number =>
  availableCores((path) => files[path], scheduled);

it("takes what may be scheduled where nothing limits it", () => {
  expect(cores({})).toBe(8);
  expect(cores({ "/proc/self/cgroup": "0::/", "/sys/fs/cgroup/cpu.max": "max 100000" })).toBe(8);
  expect(
    cores({ "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1", "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000" }),
  ).toBe(8);
});

it("keeps to the quota of a container, part of a core counting as one", () => {
  expect(cores({ "/sys/fs/cgroup/cpu.max": "200000 100000" })).toBe(2);
  expect(cores({ "/sys/fs/cgroup/cpu.max": "150000 100000" })).toBe(2);
  expect(cores({ "/sys/fs/cgroup/cpu.max": "10000 100000" })).toBe(1);
  expect(
    cores({
      "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "300000",
      "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
    }),
  ).toBe(3);
  expect(cores({ "/sys/fs/cgroup/cpu.max": "1600000 100000" })).toBe(8);
});

it("finds the quota of the group that the process is in, and of those around it", () => {
  const nested = { "/proc/self/cgroup": "0::/jobs/one" };
  expect(cores({ ...nested, "/sys/fs/cgroup/jobs/one/cpu.max": "300000 100000" })).toBe(3);
  expect(
    cores({
      ...nested,
      "/sys/fs/cgroup/jobs/one/cpu.max": "600000 100000",
      "/sys/fs/cgroup/jobs/cpu.max": "400000 100000",
    }),
  ).toBe(4);
  expect(
    cores({
      "/proc/self/cgroup": "5:memory:/elsewhere\n4:cpu,cpuacct:/docker/a",
      "/sys/fs/cgroup/cpu,cpuacct/docker/a/cpu.cfs_quota_us": "200000",
      "/sys/fs/cgroup/cpu,cpuacct/docker/a/cpu.cfs_period_us": "100000",
    }),
  ).toBe(2);
});
