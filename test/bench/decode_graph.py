"""Writes one decoding step of a Llama-shaped decoder as a TensorFlow graph in a SavedModel, for decode-graph.ts.

Weights and the key/value cache are resource variables: they stay on the device, and a step writes its keys and values
in place. Needs a Python with TensorFlow. Arguments: folder, then shape as JSON, for example
{"vocabulary": 64, "hidden": 128, "layers": 4, "heads": 4, "kvHeads": 4, "headDim": 32, "intermediate": 512, "rows": 8, "positions": 80}
"""
import json
import sys

import tensorflow.compat.v1 as tf

tf.disable_eager_execution()
folder, shape = sys.argv[1], json.loads(sys.argv[2])
vocabulary, hidden, layers, heads, kv, head_dim, intermediate, rows, positions = (
    shape[name]
    for name in ("vocabulary", "hidden", "layers", "heads", "kvHeads", "headDim", "intermediate", "rows", "positions")
)


def variable(name, *size):
    return tf.get_variable(name, size, tf.float32, tf.random_normal_initializer(0, 0.02), use_resource=True)


def norm(x, scale):
    return x * tf.math.rsqrt(tf.reduce_mean(tf.square(x), -1, keepdims=True) + 1e-5) * scale


ids = tf.placeholder(tf.int32, [rows], "ids")
slot = tf.placeholder(tf.int32, [], "slot")  # all rows are at the same position here
half = head_dim // 2
angles = tf.cast(slot, tf.float32) * tf.pow(10000.0, -tf.range(half, dtype=tf.float32) / half)
cos = tf.concat([tf.cos(angles), tf.cos(angles)], 0)
sin = tf.concat([-tf.sin(angles), tf.sin(angles)], 0)
mask = tf.where(tf.range(positions) <= slot, tf.zeros([positions]), tf.fill([positions], -1e9))
embedding = variable("embedding", vocabulary, hidden)
x = tf.gather(embedding, ids)
for layer in range(layers):
    with tf.variable_scope(f"layer{layer}"):
        qkv = tf.matmul(norm(x, variable("norm1", hidden)), variable("qkv", (heads + 2 * kv) * head_dim, hidden), transpose_b=True)
        turning, values = tf.split(tf.reshape(qkv, [rows, heads + 2 * kv, head_dim]), [heads + kv, kv], 1)
        turned = turning * cos + tf.roll(turning, half, 2) * sin
        queries, keys = tf.split(turned, [heads, kv], 1)
        cache = []
        for name, new in (("keys", keys), ("values", values)):
            kept = tf.get_variable(name, [rows * kv, positions, head_dim], tf.float32, tf.zeros_initializer(), use_resource=True)
            cache.append((kept, kept[:, slot : slot + 1].assign(tf.reshape(new, [rows * kv, 1, head_dim]))))
        with tf.control_dependencies([written for _, written in cache]):
            cached_keys, cached_values = (kept.read_value() for kept, _ in cache)
        folded = tf.reshape(queries, [rows * kv, heads // kv, head_dim]) * head_dim**-0.5
        shares = tf.nn.softmax(tf.matmul(folded, cached_keys, transpose_b=True) + mask)
        mixed = tf.reshape(tf.matmul(shares, cached_values), [rows, heads * head_dim])
        x += tf.matmul(mixed, variable("output", hidden, heads * head_dim), transpose_b=True)
        h = norm(x, variable("norm2", hidden))
        gate = tf.matmul(h, variable("gate", intermediate, hidden), transpose_b=True)
        up = tf.matmul(h, variable("up", intermediate, hidden), transpose_b=True)
        x += tf.matmul(gate * tf.sigmoid(gate) * up, variable("down", hidden, intermediate), transpose_b=True)
logits = tf.matmul(norm(x, variable("norm", hidden)), embedding, transpose_b=True)
shifted = logits - tf.reduce_max(logits, -1, keepdims=True)
powers = tf.exp(shifted)
total = tf.reduce_sum(powers, -1, keepdims=True)
token = tf.argmax(logits, -1, output_type=tf.int32)
log_total = tf.math.log(total)
chosen = tf.gather(shifted, token, axis=1, batch_dims=1)[:, None] - log_total
entropy = log_total - tf.reduce_sum(powers / total * shifted, -1, keepdims=True)
out = tf.concat([tf.cast(token, tf.float32)[:, None], chosen, entropy], 1, name="out")

builder = tf.saved_model.Builder(folder)
with tf.Session() as session:
    # No checkpoint: loading runs the initialisers.
    signature = tf.saved_model.build_signature_def(
        {"ids": tf.saved_model.build_tensor_info(ids), "slot": tf.saved_model.build_tensor_info(slot)},
        {"out": tf.saved_model.build_tensor_info(out)},
        "step",
    )
    session.run(tf.global_variables_initializer())
    builder.add_meta_graph_and_variables(
        session, [tf.saved_model.SERVING], {"step": signature}, main_op=tf.group(tf.global_variables_initializer())
    )
builder.save()
