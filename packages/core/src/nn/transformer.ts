import { nn, numpy as np, random, tree } from "@jax-js/jax";
import { initial, splitKey } from "../math/keys.js";
import { type DenseParams, mlp } from "./mlp.js";
import { everywhere } from "./with-condition.js";

/** Queries, keys and values, D → 3 D; what the heads found, D → D; and D → 4 D → D. */
type LayerParams = { attention: DenseParams[]; projection: DenseParams[]; network: DenseParams[] };

/** Positions are [T, D]. */
export type TransformerParams = {
  position: np.Array;
  embedding: DenseParams[];
  layers: LayerParams[];
  head: DenseParams[];
};

/** Keys and values of the tokens so far, [B, heads, t, D / heads]. */
type Seen = { keys: np.Array; values: np.Array };

/** Standard deviation of the positions at first. */
const POSITION_SPREAD = 0.02;

/** Added to scores of later tokens: their weight is e^−1e9 = 0. */
const NEVER = -1e9;

/** h [B, S, D] with mean 0 and variance 1 in each token; the dense layer behind has the scales and shifts. Consumes it. */
function normalized(h: np.Array): np.Array {
  const centred = h.ref.sub(np.mean(h, -1, { keepdims: true }));
  const variance = np.mean(np.square(centred.ref), -1, { keepdims: true });
  return centred.div(np.sqrt(variance.add(1e-5)));
}

/**
 * A causal transformer: `to` numbers for each of T tokens of `from` numbers, which depend on the tokens before it alone.
 * Between embedding and head are `depth` layers of attention and of a network 4 times as wide; both add to their input,
 * normalized in front.
 *
 * Source: Vaswani et al. 2017 (arXiv:1706.03762); the norms as in Xiong et al. 2020 (arXiv:2002.04745).
 *
 * @param sizes `width`: D, a multiple of `heads`; `condition`: numbers of a condition that every token sees, 0 for none
 */
export function causalTransformer({
  tokens,
  from,
  to,
  width,
  heads,
  depth,
  condition,
}: Readonly<Record<"tokens" | "from" | "to" | "width" | "heads" | "depth" | "condition", number>>) {
  const embedding = mlp([from + condition, width]);
  const attention = mlp([width, 3 * width]);
  const projection = mlp([width, width]);
  const network = mlp([width, 4 * width, width]);
  const head = mlp([width, to]);
  const each = width / heads;

  /** Attention of the tokens h [B, S, D] to those before them and to themselves. Consumes everything. */
  const attend = (params: LayerParams, h: np.Array, before?: Seen): { found: np.Array; seen: Seen } => {
    const [batch = 0, count = 0] = h.shape;
    const [queries, ownKeys, ownValues] = np
      .split(attention.apply(params.attention, h), 3, 2)
      .map((one) => np.transpose(one.reshape([batch, count, heads, each]), [0, 2, 1, 3])) as [
      np.Array,
      np.Array,
      np.Array,
    ];
    const keys = before ? np.concatenate([before.keys, ownKeys], 2) : ownKeys;
    const values = before ? np.concatenate([before.values, ownValues], 2) : ownValues;
    const scores = np.matmul(queries, np.matrixTranspose(keys.ref)).mul(1 / Math.sqrt(each)); // [B, heads, S, t]
    const causal =
      count > 1 ? scores.add(np.triu(np.full([count, count], NEVER, { dtype: scores.dtype }), 1)) : scores;
    const found = np.transpose(np.matmul(nn.softmax(causal, -1), values.ref), [0, 2, 1, 3]);
    return {
      found: projection.apply(params.projection, found.reshape([batch, count, width])),
      seen: { keys, values },
    };
  };

  /** Results [B, S, to] for tokens at `at` and later, of which `previous` [B, S, d] are those one place before. Consumes all but sizes. */
  const run = (
    params: TransformerParams,
    previous: np.Array,
    given: np.Array | undefined,
    at: number,
    before: Seen[] = [],
  ): { results: np.Array; seen: Seen[] } => {
    const [, count = 0] = previous.shape;
    const input = given
      ? np.concatenate([previous, np.moveaxis(everywhere(given, [count]), 1, 2)], 2)
      : previous;
    let h = embedding.apply(params.embedding, input).add(params.position.slice([at, at + count]));
    const seen = params.layers.map((layer, i) => {
      const attended = attend(layer, normalized(h.ref), before[i]);
      h = h.add(attended.found);
      h = h.add(network.apply(layer.network, normalized(h.ref)));
      return attended.seen;
    });
    return { results: head.apply(params.head, normalized(h)), seen };
  };

  return {
    /** Uniform within ± 1/√fan-in, and zeros in the head: all results are 0 at first. Consumes the key. */
    init(key: np.Array): TransformerParams {
      const [positionKey, endsKey, layersKey] = splitKey(key, 3);
      const [embeddingKey, headKey] = splitKey(endsKey, 2);
      return {
        position: initial(positionKey, [tokens, width], random.normal).mul(POSITION_SPREAD),
        embedding: embedding.init(embeddingKey),
        layers: splitKey(layersKey, depth).map((layerKey) => {
          const [k1, k2, k3] = splitKey(layerKey, 3);
          return {
            attention: attention.init(k1),
            projection: projection.init(k2),
            network: network.init(k3),
          };
        }),
        head: head.init(headKey, { lastZero: true }),
      };
    },

    /** x [B, T, from] ↦ [B, T, to], all tokens at once. Consumes everything. */
    apply(params: TransformerParams, x: np.Array, given?: np.Array): np.Array {
      const before = x.slice([], [0, tokens - 1]);
      const { results, seen } = run(
        params,
        np.pad(before, [
          [0, 0],
          [1, 0],
          [0, 0],
        ]),
        given,
        0,
      );
      tree.dispose(seen);
      return results;
    },

    /**
     * Token after token: `next` makes the token i, [B, 1, from], of the results for it, [B, 1, to]. Keys and values of those before are
     * kept, so each takes the operations of one token. Returns all, [B, T, from]. Consumes the parameters and the condition.
     *
     * @param first zeros, [B, 1, from], consumed
     */
    unroll(
      params: TransformerParams,
      first: np.Array,
      given: np.Array | undefined,
      next: (i: number, results: np.Array) => np.Array,
    ): np.Array {
      let [previous, before] = [first, [] as Seen[]];
      const made = Array.from({ length: tokens }, (_, i) => {
        const { results, seen } = run(tree.ref(params), previous, given?.ref, i, before);
        before = seen;
        previous = next(i, results);
        return previous.ref;
      });
      tree.dispose([params, previous, before, ...(given ? [given] : [])]);
      return np.concatenate(made, 1);
    },
  };
}
