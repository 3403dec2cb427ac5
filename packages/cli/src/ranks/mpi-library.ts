import { DeviceError } from "@flowify/core";
import { loadOptional } from "@flowify/core/internal";
import type { Env } from "../ui/terminal.js";
import type { Family } from "./launcher.js";

/** A constant of MPI: an address in Open MPI, a number in MPICH. */
type Handle = number | bigint;

/** The constants that are used here, by their names in the standard. */
type Constants = Readonly<{
  world: Handle;
  float: Handle;
  int: Handle;
  byte: Handle;
  min: Handle;
  sum: Handle;
  errorsReturn: Handle;
  inPlace: bigint;
  ignoreStatus: bigint;
}>;

/** A function of the library: 0, or the number of an error. */
type Call = (...args: unknown[]) => number;

/** An MPI library of this machine, open. */
export type MpiLibrary = Readonly<{
  /** The file that was opened. */
  file: string;
  family: Family;
  constants: Constants;
  /** A function by its name and the C types of its arguments; `handle` for the type of constants. */
  call(name: string, ...types: ("void *" | "int" | "handle")[]): Call;
}>;

/** Files by family, the newest version first; the system's loader searches its folders. */
const files: Readonly<Record<Family, readonly string[]>> = {
  "Open MPI": ["libmpi.so.40", "libmpi.40.dylib", "libmpi.so", "libmpi.dylib"],
  MPICH: ["libmpich.so.12", "libmpi.so.12", "libmpi.12.dylib", "libmpich.so", "libmpi.so", "libmpi.dylib"],
};

const install: Readonly<Record<Family, string>> = {
  "Open MPI": "Debian and Ubuntu: apt-get install openmpi-bin",
  MPICH: "Debian and Ubuntu: apt-get install mpich",
};

/**
 * Settings of MPI that a user may override. Open MPI and UCX rewrite functions of the C library while the process runs, to see
 * memory come and go; that is unsafe beside the other threads of Node, and one start in thirty crashed. UCX would also
 * take the signals that WebAssembly needs.
 */
const settings: Readonly<Record<string, string>> = {
  OMPI_MCA_memory: "^patcher",
  UCX_MEM_MMAP_HOOK_MODE: "none",
  UCX_MEM_MALLOC_HOOKS: "n",
  UCX_ERROR_SIGNALS: "",
};

type Koffi = typeof import("koffi");
type Opened = Readonly<{ file: string; library: ReturnType<Koffi["load"]> }>;

/**
 * Opens the MPI library of the launcher that started this process, or the file that FLOWIFY_MPI names.
 *
 * @throws DeviceError that says what to install
 */
export async function openMpi(family: Family, env: Env): Promise<MpiLibrary> {
  const koffi = await loadKoffi(family);
  for (const [name, value] of Object.entries(settings)) process.env[name] ??= value;
  const named = env.FLOWIFY_MPI;
  const { file, library } = firstOf(koffi, named ? [named] : files[family], family);
  const found = hasSymbol(library, "ompi_mpi_comm_world") ? "Open MPI" : "MPICH";
  const handle = found === "Open MPI" ? "uintptr_t" : "int";
  return {
    file,
    family: found,
    constants: found === "Open MPI" ? openMpiConstants((name) => koffi.address(library.symbol(name))) : mpich,
    call: (name, ...types) =>
      library.func(
        name,
        "int",
        types.map((type) => (type === "handle" ? handle : type)),
      ) as Call,
  };
}

async function loadKoffi(family: Family): Promise<Koffi> {
  const load = () => import("koffi") as Promise<Koffi & { default?: Koffi }>;
  const module = await loadOptional(load, {
    name: "koffi",
    what: `this process was started by ${family}, and calling its library`,
    Refusal: DeviceError,
  });
  return module.default ?? module;
}

function firstOf(koffi: Koffi, candidates: readonly string[], family: Family): Opened {
  let cause: unknown;
  for (const file of candidates) {
    try {
      return { file, library: koffi.load(file, { global: true }) };
    } catch (error) {
      cause = error;
    }
  }
  throw new DeviceError(
    `this process was started by ${family}, and no library of it was found (${candidates.join(", ")})\n${install[family]}\nor name the file: FLOWIFY_MPI=/path/to/libmpi.so`,
    { cause },
  );
}

function hasSymbol(library: Opened["library"], name: string): boolean {
  try {
    library.symbol(name);
    return true;
  } catch {
    return false;
  }
}

/** Open MPI: objects that the library exports; mpi.h of version 4 and 5. */
const openMpiConstants = (addressOf: (symbol: string) => bigint): Constants => ({
  world: addressOf("ompi_mpi_comm_world"),
  float: addressOf("ompi_mpi_float"),
  int: addressOf("ompi_mpi_int"),
  byte: addressOf("ompi_mpi_byte"),
  min: addressOf("ompi_mpi_op_min"),
  sum: addressOf("ompi_mpi_op_sum"),
  errorsReturn: addressOf("ompi_mpi_errors_return"),
  inPlace: 1n,
  ignoreStatus: 0n,
});

/** MPICH and those with its ABI (Intel MPI, MVAPICH): numbers; mpi.h of version 3 and 4. */
const mpich: Constants = {
  world: 0x44000000,
  float: 0x4c00040a,
  int: 0x4c000405,
  byte: 0x4c00010d,
  min: 0x58000002,
  sum: 0x58000003,
  errorsReturn: 0x54000001,
  inPlace: -1n,
  ignoreStatus: 1n,
};
