import { DeviceError } from "@flowify/core";
import type { MpiLibrary } from "./mpi-library.js";

/** A call of MPI that has begun. Its arrays must stay as they are until it is done. */
export type Request = Readonly<{ what: string; handle: BigInt64Array; arrays: readonly ArrayBufferView[] }>;

/** The calls of MPI that data-parallel training needs, none of which waits; all processes make them in the same order. */
export type Mpi = Readonly<{
  rank: number;
  size: number;
  /** Numbers to another process, and from it: those of one pair of processes arrive in the order in which they are sent. */
  send(array: Float32Array, to: number): Request;
  receive(array: Float32Array, from: number): Request;
  /** Adds terms to as many sums of this process: four times as fast as a loop in JavaScript. */
  addTo(sums: Float32Array, terms: Float32Array): void;
  /** Minima in place. */
  min(array: Int32Array): Request;
  /** From rank 0 to all. */
  broadcast(bytes: Uint8Array): Request;
  /** Equal numbers of bytes of all ranks, one after the other. */
  gather(mine: Uint8Array, all: Uint8Array): Request;
  barrier(): Request;
  isDone(request: Request): boolean;
  finalize(): void;
  /** Ends all processes of the job. */
  abort(status: number): void;
}>;

/** Only the thread that called MPI_Init_thread makes calls. */
const THREAD_FUNNELED = 1;

const MOST_ERROR_BYTES = 1024;

/** All messages between two processes have the same tag. */
const TAG = 1;

/**
 * Joins the job that the launcher has started.
 *
 * @throws DeviceError with the message of the library
 */
export function initMpi({ call, constants, file }: MpiLibrary): Mpi {
  const { world, float, int, byte, min, sum, errorsReturn, inPlace, ignoreStatus } = constants;
  const number = new Int32Array(new ArrayBuffer(8));
  const errorString = call("MPI_Error_string", "int", "void *", "void *");
  const checked = (name: string, ...types: Parameters<typeof call>[1][]) => {
    const f = call(name, ...types);
    return (...args: unknown[]): void => {
      const code = f(...args);
      if (code === 0) return;
      const text = new Uint8Array(MOST_ERROR_BYTES);
      errorString(code, text, number);
      const why = new TextDecoder().decode(text.subarray(0, number[0]));
      throw new DeviceError(`${name} of ${file} failed: ${why || `error ${code}`}`);
    };
  };
  checked("MPI_Init_thread", "void *", "void *", "int", "void *")(0n, 0n, THREAD_FUNNELED, number);
  checked("MPI_Comm_set_errhandler", "handle", "handle")(world, errorsReturn);
  const numberOf = (name: string): number => {
    checked(name, "handle", "void *")(world, number);
    return number[0] as number;
  };
  const message = ["void *", "int", "handle", "int", "int", "handle", "void *"] as const;
  const send = checked("MPI_Isend", ...message);
  const receive = checked("MPI_Irecv", ...message);
  const allreduce = checked(
    "MPI_Iallreduce",
    "void *",
    "void *",
    "int",
    "handle",
    "handle",
    "handle",
    "void *",
  );
  const reduceLocal = checked("MPI_Reduce_local", "void *", "void *", "int", "handle", "handle");
  const broadcast = checked("MPI_Ibcast", "void *", "int", "handle", "int", "handle", "void *");
  const allgather = checked(
    "MPI_Iallgather",
    "void *",
    "int",
    "handle",
    "void *",
    "int",
    "handle",
    "handle",
    "void *",
  );
  const barrier = checked("MPI_Ibarrier", "handle", "void *");
  const test = checked("MPI_Test", "void *", "void *", "void *");
  const begun = (what: string, arrays: readonly ArrayBufferView[]): Request => ({
    what,
    handle: new BigInt64Array(new ArrayBuffer(8)),
    arrays,
  });
  return {
    rank: numberOf("MPI_Comm_rank"),
    size: numberOf("MPI_Comm_size"),
    send(array, to) {
      const request = begun("Isend", [array]);
      send(array, array.length, float, to, TAG, world, request.handle);
      return request;
    },
    receive(array, from) {
      const request = begun("Irecv", [array]);
      receive(array, array.length, float, from, TAG, world, request.handle);
      return request;
    },
    addTo: (sums, terms) => reduceLocal(terms, sums, sums.length, float, sum),
    min(array) {
      const request = begun("Allreduce", [array]);
      allreduce(inPlace, array, array.length, int, min, world, request.handle);
      return request;
    },
    broadcast(bytes) {
      const request = begun("Bcast", [bytes]);
      broadcast(bytes, bytes.length, byte, 0, world, request.handle);
      return request;
    },
    gather(mine, all) {
      const request = begun("Allgather", [mine, all]);
      allgather(mine, mine.length, byte, all, mine.length, byte, world, request.handle);
      return request;
    },
    barrier() {
      const request = begun("Barrier", []);
      barrier(world, request.handle);
      return request;
    },
    isDone({ handle }) {
      test(handle, number, ignoreStatus);
      return number[0] !== 0;
    },
    finalize: checked("MPI_Finalize"),
    abort: (status) => void call("MPI_Abort", "handle", "int")(world, status),
  };
}
