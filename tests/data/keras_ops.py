"""Calls of `keras.ops` as expressions, with what Keras 3.15 on TensorFlow gives for each.

    python tests/data/keras_ops.py > tests/data/keras_ops.json      # where Keras is installed
"""

CALLS = """
abs(I); absolute(X); negative(X); sign(X); square(I); ceil(X); floor(X); round(X); round(X, 1)
arccos(P); arcsin(P); arctan(X); arccosh(P + 1); arcsinh(X); arctanh(P); sin(I); cos(X); tan(X); sinh(X); cosh(X); tanh(X)
exp(X); exp(I); expm1(X); log(P); log1p(P); log2(P); log10(P); sqrt(P); sqrt(I * I); rsqrt(P); reciprocal(P); erf(X); erfinv(P)
isnan(N); isinf(N); isfinite(N); nan_to_num(N); logical_not(B); stop_gradient(X); zeros_like(I); ones_like(X); copy(I)
add(X, 1); add(I, 0.5); add(I, X); add(I, 2); subtract(X, Y); multiply(I, Y); divide(I, 2); true_divide(X, Y); divide_no_nan(X, Z)
maximum(X, 0); minimum(I, 0); mod(I, 3); mod(X, 0.5); floor_divide(I, 2); power(P, 2); power(I, 2); arctan2(X, Y)
equal(I, 1); not_equal(X, Y); greater(X, Y); greater_equal(I, 0); less(X, 0); less_equal(I, I); isclose(X, X + 1e-9)
logical_and(B, I > 0); logical_or(B, I); logical_xor(B, B); bitwise_and(I, 3); bitwise_or(I, 1); bitwise_xor(I, 1); logaddexp(X, Y)
sum(X); sum(I, axis=1); sum(B); mean(I); mean(X, axis=0, keepdims=True); prod(P, axis=-1); max(X); amax(I, axis=0); min(X, axis=(0, 1)); amin(I)
std(X); var(I); var(X, axis=1); logsumexp(X, axis=0); all(B); any(I, axis=1); argmax(X); argmax(X, axis=1); argmin(I, axis=0, keepdims=True)
count_nonzero(I); count_nonzero(X, axis=1); average(X, axis=1, weights=[1.0, 2.0, 3.0]); median(X); median(X, axis=0); cumsum(I); cumsum(X, axis=1); cumprod(P, axis=0)
norm(X); norm(X, axis=1); norm(X, ord=1, axis=0); clip(X, -0.5, 0.5); clip(I, 0, 2)
arange(5); arange(1, 9, 2); arange(0.0, 1.0, 0.25); linspace(0, 1, 5); linspace(0, 1, 4, endpoint=False)
zeros((2, 3)); ones((2,), dtype='int32'); full((2, 2), 7.0); full_like(X, 2.0); eye(3); eye(2, 3, 1); identity(2); tri(3); tril(X); triu(X, 1); diag([1.0, 2.0]); diag(X); diagonal(X); trace(X)
array([1, 2]); convert_to_tensor([1.5]); convert_to_tensor(I, dtype='float32'); cast(X, 'int32'); cast(I, 'bool'); shape(X); ndim(X); size(I)
reshape(X, (3, 2)); reshape(I, -1); ravel(X); transpose(X); transpose(T, (2, 0, 1)); expand_dims(X, 0); expand_dims(X, -1); expand_dims(X, (0, 3)); squeeze(ops.expand_dims(X, 1)); moveaxis(T, 0, -1); swapaxes(T, 0, 2)
flip(X); flip(X, axis=1); roll(X, 1); roll(X, 1, axis=1); tile(X, (2, 1)); tile([1, 2], 3); repeat(X, 2, axis=0); repeat(I, 2); broadcast_to([1, 2, 3], (2, 3)); pad(X, ((1, 0), (0, 2)), constant_values=9.0); pad(X, ((1, 0), (0, 0)), mode='reflect')
where(B, X, 0.0); where(I > 0, I, X); take(X, [0, 2], axis=1); take(X, -1, axis=1); take(X, [0, -1]); take_along_axis(X, ops.argsort(X, axis=1), axis=1); split(X, 3, axis=1); split(X, [1], axis=1); unstack(X); get_item(X, 0)
slice(X, (0, 1), (2, 2)); slice_update(X, (0, 1), Z[:1, :2] + 5.0); scatter([[0], [2]], [1.0, 2.0], (4,)); scatter_update(X, [[0, 1]], [9.0])
concatenate([X, Y]); concatenate([X, I], axis=1); stack([X, Y]); stack([I, X], axis=-1); append(X, Y); append(X, Y, axis=0); hstack([X, Y]); vstack([X, Y]); meshgrid([1, 2], [3, 4, 5])
matmul(X, Y.T); matmul(X, [1.0, 2.0, 3.0]); dot(X, Y.T); dot([1, 2], [3, 4]); tensordot(X, Y, axes=2); inner(X, Y); outer([1, 2], [3.0, 4.0]); vdot(X, Y); einsum('ij,kj->ik', X, Y); cross([1.0, 0.0, 0.0], [0.0, 1.0, 0.0])
sort(X); sort(X, axis=0); argsort(I); searchsorted([1, 3, 5], [0, 3, 6]); searchsorted([1, 3, 5], [3], side='right'); bincount([1, 1, 3]); bincount([0, 1, 1], weights=[0.5, 1.0, 2.0]); top_k(X, 2); in_top_k([1, 0], X, 1)
one_hot([0, 2], 3); multi_hot(np.array([0, 2]), 4); segment_sum(P[0], np.array([0, 0, 1]), 2); segment_max(I[1], np.array([0, 0, 1]), 2); moments(X, axes=[0])
relu(X); relu6(X * 9); leaky_relu(X); sigmoid(X); softmax(X); softmax(X, axis=0); log_softmax(X); gelu(X); gelu(X, approximate=False); elu(X); selu(X); silu(X); softplus(X); softsign(X); hard_sigmoid(X)
batch_normalization(X, Y[0], P[0], axis=1, epsilon=0.1); normalize(X); rms_normalization(X)
binary_crossentropy(ops.cast(I > 0, 'float32'), P); binary_crossentropy(ops.cast(I > 0, 'float32'), X, from_logits=True); categorical_crossentropy(ops.eye(2, 3), P); sparse_categorical_crossentropy([0, 2], P); sparse_categorical_crossentropy([0, 2], X, from_logits=True)
conv(IMAGE, FILTER, 1, 'same'); conv(IMAGE, FILTER, 2); depthwise_conv(IMAGE, FILTER, 1); max_pool(IMAGE, 2); average_pool(IMAGE, 2, 1, 'same'); dot_product_attention(HEADS, HEADS, HEADS); dot_product_attention(HEADS, HEADS, HEADS, is_causal=True)
cholesky(S); det(S); inv(S); solve(S, [[1.0], [2.0]]); slogdet(S); qr(S); eigh(S)[0]; svd(X, full_matrices=False)[1]; pinv(S); solve_triangular(ops.tril(S), [[1.0], [2.0]], lower=True); lstsq(S, [1.0, 2.0])
cond(True, lambda: 1.0, lambda: 2.0); switch(1, [lambda x: x, lambda x: x * 2.0], 3.0); while_loop(lambda k, s: k < 4, lambda k, s: (k + 1, s + k), (0, 10)); fori_loop(0, 5, lambda k, s: s + k, 10); map(lambda r: ops.sum(r), X); vectorized_map(lambda r: r * 2.0, X); scan(lambda s, x: (s + x, s * x), 1.0, np.array([1.0, 2.0, 3.0], 'float32'))
"""

NAMES = """
X = np.array([[-1.5, 0.25, 0.75], [2.5, -0.5, 1.25]], "float32")
Y = np.array([[0.5, -1.25, 2.0], [1.5, 0.75, -0.25]], "float32")
Z = np.array([[0.0, 1.0, 0.0], [2.0, 0.0, 4.0]], "float32")
P = np.array([[0.25, 0.5, 0.25], [0.125, 0.25, 0.625]], "float32")
N = np.array([1.0, np.nan, np.inf, -np.inf], "float32")
I = np.array([[3, -1, 2], [0, 5, -4]], "int32")
B = np.array([[True, False, True], [False, False, True]])
T = np.arange(24, dtype="float32").reshape(2, 3, 4)
S = np.array([[4.0, 1.0], [1.0, 3.0]], "float32")
IMAGE = np.sin(np.arange(50, dtype="float32")).reshape(1, 5, 5, 2)
FILTER = np.cos(np.arange(36, dtype="float32")).reshape(3, 3, 2, 2)
HEADS = np.sin(np.arange(24, dtype="float32")).reshape(1, 3, 2, 4)
"""


def calls():
    return [call.strip() for line in CALLS.strip().splitlines() for call in line.split("; ")]


def result(ops, np, call):
    """What a call gives, as plain data."""
    names = {"ops": ops, "np": np}
    exec(NAMES, names)
    return plain(eval(f"ops.{call}", names), np)


def plain(value, np):
    if isinstance(value, (list, tuple)):
        return [plain(v, np) for v in value]
    array = np.asarray(value)
    is_float = array.dtype.kind == "f"
    return {"dtype": array.dtype.name, "shape": list(array.shape),
            "values": [repr(float(v)) if is_float else v for v in array.ravel().tolist()]}


def record():
    import json

    import numpy as np
    from keras import ops

    print("{" + ",\n".join(f"{json.dumps(c)}:{json.dumps(result(ops, np, c))}" for c in calls()) + "}")


if __name__ == "__main__":
    record()
