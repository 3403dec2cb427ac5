import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Launcher, root } from "./scale-job.js";

/** Rate and delay of every link. */
const RATE = "1gbit";
const DELAY = "1ms";

/** Network namespaces of this machine as hosts with a name each, on one switch. */
export type Hosts = Readonly<{
  /** False where the kernel has no netem: links have their rate, and no delay. */
  delayed: boolean;
  /** A launcher that starts one rank on each of the first hosts. */
  launcher(base: Launcher, count: number): Launcher;
  /** Plugs the cable of a host in or out. */
  plug(host: number, into: boolean): void;
  remove(): void;
}>;

const run = (command: string): void => {
  const [name = "", ...args] = command.split(" ");
  execFileSync(name, args, { stdio: ["ignore", "ignore", "pipe"] });
};

const succeeds = (command: string): boolean => {
  try {
    run(command);
    return true;
  } catch {
    return false;
  }
};

/** Why there can be no hosts here; undefined where there can. */
export function noHosts(): string | undefined {
  if (process.getuid?.() !== 0) return "network namespaces need the superuser";
  for (const name of ["ip", "tc"])
    if (!succeeds(`${name} -V`)) return `${name} is not installed (Debian: apt-get install iproute2)`;
  return undefined;
}

/** Flags by which a launcher starts ranks on hosts by the agent, with messages over the network alone. */
const flags: Readonly<Record<string, (agent: string, hosts: readonly string[]) => string>> = {
  "Open MPI": (agent, hosts) =>
    `--prtemca plm_ssh_agent ${agent} --host ${hosts.map((host) => `${host}:1`)} --mca pml ob1 --mca btl self,tcp --mca btl_tcp_if_include eth0`,
  MPICH: (agent, hosts) =>
    `-launcher rsh -launcher-exec ${agent} -hosts ${hosts} -genv UCX_TLS tcp,self -genv FI_PROVIDER tcp`,
};

/** Makes hosts; the agent of launchers is a script in the folder `scratch`. */
export function makeHosts(count: number, scratch: string): Hosts {
  const all = Array.from({ length: count }, (_, i) => `flowify${process.pid}-${i + 1}`);
  const hub = `flowify${process.pid}-switch`;
  const addresses = all.map((name, i) => `10.77.0.${i + 1} ${name}\n`);
  const agent = join(scratch, "agent.sh");
  writeFileSync(
    agent,
    '#!/bin/sh\nhost=$1\nshift\nexec ip netns exec "$host" unshare --uts sh -c "hostname $host; $*"\n',
    { mode: 0o755 },
  );
  /** Netem where the kernel has it. */
  const limit = (namespace: string, device: string, delay: boolean): boolean => {
    const add = `tc -n ${namespace} qdisc add dev ${device} root`;
    if (delay && succeeds(`${add} netem delay ${DELAY} rate ${RATE} limit 10000`)) return true;
    run(`${add} tbf rate ${RATE} burst 256kb latency 50ms`);
    return false;
  };
  const remove = (): void => {
    for (const name of [...all, hub]) {
      succeeds(`ip netns delete ${name}`);
      rmSync(`/etc/netns/${name}`, { recursive: true, force: true });
    }
  };
  try {
    run(`ip netns add ${hub}`);
    run(`ip -n ${hub} link add hub type bridge`);
    run(`ip -n ${hub} link set hub up`);
    const delayed = all.map((name, i) => {
      run(`ip netns add ${name}`);
      mkdirSync(`/etc/netns/${name}`, { recursive: true });
      writeFileSync(`/etc/netns/${name}/hosts`, `127.0.0.1 localhost\n${addresses.join("")}`);
      run(`ip -n ${hub} link add port${i} type veth peer name eth0 netns ${name}`);
      run(`ip -n ${hub} link set port${i} master hub up`);
      run(`ip -n ${name} addr add 10.77.0.${i + 1}/24 dev eth0`);
      for (const device of ["lo", "eth0"]) run(`ip -n ${name} link set ${device} up`);
      limit(hub, `port${i}`, false);
      return limit(name, "eth0", true);
    });
    return {
      delayed: delayed.every(Boolean),
      launcher({ name, command }, count) {
        const [first = "", ...others] = all.slice(0, count);
        const inside = ["ip", "netns", "exec", first, "unshare", "--uts"];
        const named = ["sh", "-c", 'hostname "$0"; cd "$1"; shift; exec "$@"', first, root];
        const words = flags[name]?.(agent, [first, ...others]).split(" ") ?? [];
        return { name, command: [...inside, ...named, ...command, ...words] };
      },
      plug: (host, into) => run(`ip -n ${hub} link set port${host} ${into ? "up" : "down"}`),
      remove,
    };
  } catch (error) {
    remove();
    throw error;
  }
}
