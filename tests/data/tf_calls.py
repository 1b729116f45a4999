"""Calls of TensorFlow's functions as expressions, with what TensorFlow 2.21 gives for each, and the gradients of some.

    python tests/data/tf_calls.py > tests/data/tf_calls.json        # where TensorFlow is installed
"""

CALLS = """
image.central_crop(IMAGE, 0.5); image.central_crop(BATCH, 0.7); image.crop_to_bounding_box(IMAGE, 1, 2, 3, 2); image.pad_to_bounding_box(IMAGE[:2, :2], 1, 0, 4, 3)
image.resize_with_crop_or_pad(IMAGE, 3, 8); image.resize_with_crop_or_pad(BATCH, 7, 2); image.resize_with_pad(IMAGE, 4, 7); image.resize_with_pad(BATCH, 6, 5)
image.resize(BATCH, [7, 3], 'bicubic'); image.resize(BATCH, [3, 2], 'bicubic', antialias=True); image.resize(BATCH, [7, 3], 'area'); image.resize(BATCH, [2, 4], image.ResizeMethod.AREA); image.resize(BATCH, [8, 3], 'lanczos3'); image.resize(BATCH, [2, 3], 'lanczos3', antialias=True); image.resize(BATCH, [7, 3], 'lanczos5'); image.resize(BATCH, [7, 3], 'gaussian'); image.resize(BATCH, [2, 3], 'gaussian', antialias=True); image.resize(BATCH, [7, 3], 'mitchellcubic'); image.resize(BYTES, [4, 7], 'bicubic'); image.resize(BATCH, [9, 9], 'mitchellcubic', preserve_aspect_ratio=True, antialias=True); image.resize_with_pad(BATCH, 6, 5, 'bicubic', antialias=True)
image.extract_patches(BATCH, [1, 2, 3, 1], [1, 2, 1, 1], [1, 1, 1, 1], 'VALID'); image.extract_patches(BATCH, [1, 3, 2, 1], [1, 2, 3, 1], [1, 2, 1, 1], 'SAME')
image.transpose(IMAGE); image.transpose(BATCH); image.rot90(IMAGE); image.rot90(BATCH, 2); image.rot90(BATCH, 3); image.rot90(IMAGE, 4); image.rot90(IMAGE, -1)
image.rgb_to_yiq(COLORS); image.yiq_to_rgb(COLORS); image.rgb_to_yuv(COLORS); image.yuv_to_rgb(COLORS); image.rgb_to_hsv(COLORS); image.hsv_to_rgb(COLORS); image.rgb_to_hsv(PRIMARIES); image.hsv_to_rgb(PRIMARIES)
image.adjust_hue(COLORS, 0.3); image.adjust_hue(BYTES, 0.1); image.adjust_saturation(COLORS, 1.7); image.adjust_saturation(BYTES, 0.4); image.adjust_gamma(COLORS, 2.2, 0.5); image.adjust_gamma(BYTES, 0.6)
image.image_gradients(tf.constant(BATCH)); image.sobel_edges(tf.constant(BATCH)); image.total_variation(tf.constant(BATCH)); image.total_variation(tf.constant(IMAGE))
image.psnr(COLORS, COLORS * 0.9, 1.0); image.psnr(BYTES, BYTES // 2, 255); image.ssim(LARGE, LARGE * 0.8 + 0.1, 1.0); image.ssim(LARGE[0], LARGE[0] ** 2, 1.0, filter_size=5, filter_sigma=1.0, k1=0.02, k2=0.05); image.ssim(LARGE, LARGE * 0.8, 1.0, return_index_map=True); image.ssim_multiscale(LARGE, LARGE * 0.7 + 0.2, 1.0, power_factors=(0.4, 0.6), filter_size=4)
image.stateless_random_flip_left_right(IMAGE, [1, 2]); image.stateless_random_flip_left_right(LARGE[:, :2, :3], [4, 2]); image.stateless_random_flip_up_down(IMAGE, [5, 6]); image.stateless_random_crop(IMAGE, [2, 3, 1], [3, 4]); image.stateless_random_crop(BATCH, [1, 4, 2, 2], [8, 4])
image.stateless_random_brightness(COLORS, 0.3, [1, 2]); image.stateless_random_contrast(COLORS, 0.2, 0.9, [1, 2]); image.stateless_random_hue(COLORS, 0.4, [1, 2]); image.stateless_random_saturation(COLORS, 0.5, 1.5, [1, 2])
image.non_max_suppression(BOXES, SCORES, 3); image.non_max_suppression(BOXES, SCORES, 10, 0.9, 0.3); image.crop_and_resize(BATCH, UNIT_BOXES, [1, 0, 1], [3, 4]); image.crop_and_resize(BATCH, UNIT_BOXES, [1, 0, 1], [2, 2], 'nearest', 7.0); image.crop_and_resize(BATCH, UNIT_BOXES, [0, 0, 1], [1, 3])
signal.frame(LINE, 4, 2); signal.frame(LINE, 4, 3, pad_end=True, pad_value=9.0); signal.frame(X, 2, 1, axis=0); signal.frame(LINE, 20, 1); signal.overlap_and_add(X, 1); signal.overlap_and_add(X, 2); signal.overlap_and_add(X, 5); signal.overlap_and_add(CUBE, 3)
signal.hann_window(6); signal.hann_window(5); signal.hann_window(6, periodic=False); signal.hamming_window(6); signal.hamming_window(7, periodic=False); signal.hann_window(1); signal.kaiser_window(6, 8.0); signal.kaiser_window(1); signal.vorbis_window(6); signal.kaiser_bessel_derived_window(6)
signal.dct(X); signal.dct(X, norm='ortho'); signal.dct(X, type=3); signal.dct(X, type=3, norm='ortho'); signal.dct(X, type=1); signal.dct(X, type=4); signal.dct(X, n=5); signal.dct(X, n=2); signal.idct(X); signal.idct(X, norm='ortho'); signal.idct(X, type=1); signal.idct(X, type=3)
signal.linear_to_mel_weight_matrix(4, 9, 8000, 100.0, 3000.0); signal.mfccs_from_log_mel_spectrograms(X)
math.zeta([2.0, 3.5, 1.5, 1.0], [1.0, 2.5, 0.25, 3.0]); math.polygamma([0.0, 1.0, 2.0, 3.0], [0.5, 1.5, 4.0, 20.0]); math.lbeta(POSITIVE); math.polyval([2.0, -1.0, 3.0], X)
math.bessel_i0(X); math.bessel_i1(X); math.bessel_i0e(WIDE); math.bessel_i1e(WIDE); math.igamma(POSITIVE, POSITIVE + 0.5); math.igammac(POSITIVE, POSITIVE * 2.0); math.betainc(POSITIVE, POSITIVE + 1.0, SHARES); math.erfcinv([0.1, 1.0, 1.7])
math.special.bessel_j0(WIDE); math.special.bessel_j1(WIDE); math.special.bessel_k0(POSITIVE); math.special.bessel_k1(POSITIVE); math.special.bessel_k0e(POSITIVE); math.special.bessel_k1e(POSITIVE); math.special.bessel_y0(POSITIVE); math.special.bessel_y1(POSITIVE); math.special.dawsn(X); math.special.expint(X); math.special.fresnel_cos(X); math.special.fresnel_sin(X); math.special.spence(POSITIVE)
linalg.expm(SQUARE); linalg.expm(SQUARE * 20.0); linalg.expm([[0.0, 5000.0], [0.0, 0.0]]); linalg.expm(STACK); linalg.lu(SQUARE); linalg.lu(STACK); linalg.lu_solve(*linalg.lu(SQUARE), [[1.0], [2.0], [3.0]]); linalg.lu_reconstruct(*linalg.lu(STACK)); linalg.lu_matrix_inverse(*linalg.lu(SQUARE)); linalg.tridiagonal_solve(tf.constant(TRIDIAGONAL), tf.constant([1.0, 2.0, 3.0, 4.0])); linalg.tridiagonal_matmul(TRIDIAGONAL, np.ones((4, 2), 'float32')); linalg.eigh_tridiagonal([1.0, 2.0, 3.0], [0.5, 0.25]); linalg.tensor_diag(X); linalg.tensor_diag_part(np.arange(36.0).reshape(2, 3, 2, 3))
unravel_index([5, 0, 3], [2, 3]); unravel_index(4, [2, 3]); dynamic_stitch([[0, 2], [3, 1]], [[1.0, 2.0], [3.0, 4.0]]); dynamic_stitch([0, [1, 1]], [[1.0, 2.0], [[3.0, 4.0], [5.0, 6.0]]]); bitcast(X, 'int32'); bitcast(np.array([[1, 2], [3, 4]], 'int32'), 'int64'); bitcast(np.array([1.5], 'float64'), 'int32'); bitcast(np.array([[1, 2, 3, 4]], 'uint8'), 'float32')
get_static_value(X * 2.0); scalar_mul(2.0, X); realdiv(X, 2.0); shape_n([X, IMAGE]); broadcast_static_shape(TensorShape([2, 1]), TensorShape([3])); broadcast_dynamic_shape([2, 1], [3]); strided_slice(X, [0, 1], [2, 3]); strided_slice(X, [1, 0], [2, 3], shrink_axis_mask=1); strided_slice(CUBE, [0], [1], ellipsis_mask=0, new_axis_mask=1); strided_slice(CUBE, [1, 0, 2], [0, 9, 0], [-1, 2, -1], begin_mask=2, end_mask=2)
reverse_sequence(X, [2, 3], seq_axis=1); reverse_sequence(CUBE, [1, 2, 3], seq_axis=1, batch_axis=2); histogram_fixed_width([-1.0, 0.0, 1.5, 2.0, 5.0, 15.0], [0.0, 5.0], 5); histogram_fixed_width_bins([-1.0, 0.0, 1.5, 2.0, 5.0, 15.0], [0.0, 5.0], 5); space_to_batch(BATCH[:, :4], [2, 5], [[0, 0], [0, 0]]); batch_to_space(np.arange(16.0).reshape(4, 2, 2, 1), [2, 2], [[0, 1], [1, 0]]); math.is_strictly_increasing([1, 2, 2]); math.is_non_decreasing([1, 2, 2]); math.accumulate_n([X, X])
nn.compute_average_loss([1.0, 2.0, 3.0]); nn.compute_average_loss([1.0, 2.0], sample_weight=[0.5, 2.0], global_batch_size=8); nn.scale_regularization_loss([1.0, 2.0]); nn.max_pool_with_argmax(BATCH, 2, 2, 'VALID'); nn.max_pool_with_argmax(BATCH, 3, 2, 'SAME', include_batch_in_index=True); nn.dilation2d(BATCH, np.arange(8, dtype='float32').reshape(2, 2, 2) / 10, [1, 1, 1, 1], 'SAME', 'NHWC', [1, 1, 1, 1]); nn.erosion2d(BATCH, np.arange(8, dtype='float32').reshape(2, 2, 2) / 10, [1, 1, 1, 1], 'VALID', 'NHWC', [1, 1, 1, 1]); nn.atrous_conv2d(BATCH, FILTER, 2, 'VALID'); nn.pool(BATCH, [2, 3], 'MAX', [1, 2], 'SAME'); nn.pool(BATCH, [2, 2], 'AVG'); nn.conv_transpose(BATCH, FILTER, [2, 10, 10, 2], 2)
nn.fractional_max_pool(BATCH, [1.0, 1.5, 1.7, 1.0], seed=3); nn.fractional_max_pool(BATCH, 1.5, pseudo_random=True, overlapping=True, seed=5); nn.fractional_avg_pool(BATCH, [1.0, 1.3, 2.2, 1.0], overlapping=True, seed=4); nn.fractional_avg_pool(BATCH, [1.0, 1.4, 1.0, 1.0], True, seed=7)
nn.isotonic_regression(tf.constant(X)); nn.isotonic_regression(tf.constant(CUBE), False, 1); nn.isotonic_regression(tf.constant([3, 1, 2, 5, 4])); nn.isotonic_regression(tf.constant([1.0, 1.0, 2.0, 2.0, 1.0])); nn.isotonic_regression(tf.constant(LINE[::-1].copy()), decreasing=False)
nn.approx_max_k(X, 2); math.softmax(X); math.softmax(X, 0); math.sobol_sample(3, 4); math.sobol_sample(2, 5, 7, tf.float64); random_index_shuffle([3, 0], [1, 2, 3], 10, rounds=6); random_index_shuffle(tf.constant(5, tf.int64), [1, 2, 3], tf.constant(2 ** 40, tf.int64))
nn.atrous_conv2d_transpose(tf.constant(BATCH), FILTER, [2, 7, 7, 2], 2, 'VALID'); nn.depthwise_conv2d_backprop_input([2, 5, 5, 2], FILTER, tf.nn.depthwise_conv2d(BATCH, FILTER, [1, 2, 2, 1], 'SAME'), [1, 2, 2, 1], 'SAME'); nn.depthwise_conv2d_backprop_filter(BATCH, [2, 2, 2, 2], tf.nn.depthwise_conv2d(BATCH, FILTER, [1, 1, 1, 1], 'VALID'), [1, 1, 1, 1], 'VALID')
conv(BATCH, FILTER, [1, 2, 1, 1], 'SAME'); conv(BATCH[None], FILTER, [1, 1, 1, 1], 'VALID', batch_dims=2, dilations=[1, 2, 2, 1]); conv(BATCH, FILTER, [1, 1, 2, 1], 'EXPLICIT', explicit_paddings=[0, 0, 1, 2, 0, 3, 0, 0])
extract_volume_patches(np.arange(54.0, dtype='float32').reshape(1, 3, 3, 3, 2), [1, 2, 1, 3, 1], [1, 1, 2, 2, 1], 'SAME'); extract_volume_patches(np.arange(54.0, dtype='float32').reshape(1, 3, 3, 3, 2), [1, 2, 2, 2, 1], [1, 1, 1, 1, 1], 'VALID')
required_space_to_batch_paddings([11, 6], [3, 2]); required_space_to_batch_paddings([11], [3], [[1, 2]]); space_to_batch_nd(BATCH[:, :4], [2, 5], [[0, 0], [0, 0]]); nn.space_to_batch(BATCH, [2, 3], [[0, 1], [1, 0]]); nn.with_space_to_batch(tf.constant(BATCH), [2, 1], 'SAME', lambda x, n, padding: tf.nn.conv2d(x, FILTER, 1, padding), [2, 2]); nn.with_space_to_batch(tf.constant(BATCH), [2, 2], 'VALID', lambda x, n, padding: x * 2.0)
nn.batch_norm_with_global_normalization(BATCH, tf.constant([0.5, 1.0]), tf.constant([1.0, 2.0]), tf.constant([1.0, -1.0]), tf.constant([2.0, 3.0]), 0.001, True); nn.batch_norm_with_global_normalization(BATCH, tf.constant([0.5, 1.0]), tf.constant([1.0, 2.0]), tf.constant([1.0, -1.0]), tf.constant([2.0, 3.0]), 0.001, False)
image.draw_bounding_boxes(BATCH[..., :1], tf.constant([[[0.1, 0.2, 0.6, 0.9], [-0.5, 0.3, 0.7, 1.5]], [[0.7, 0.7, 0.2, 0.9], [0.0, 0.0, 1.0, 1.0]]]), None); image.draw_bounding_boxes(COLORS[None], tf.constant([[[0.0, 0.2, 0.9, 0.7], [0.0, 0.0, 0.4, 0.5], [2.0, 2.0, 3.0, 3.0]]]), [[0.5, 0.25, 0.125, 1.0], [0.0, 1.0, 0.0, 1.0]])
image.extract_glimpse(BATCH, [3, 2], [[0.2, -0.3], [0.9, 0.9]], noise='zero'); image.extract_glimpse(BATCH, [3, 4], [[0.4, 0.1], [0.0, 0.8]], centered=False, noise='zero'); image.extract_glimpse(BATCH, [2, 2], [[1.0, 2.0], [-1.6, 0.0]], normalized=False, noise='zero'); image.extract_glimpse(BATCH, [2, 2], [[1.0, 2.0], [4.0, -1.0]], centered=False, normalized=False, noise='zero'); image.extract_glimpse(BATCH, [2, 2], [[0.0, 0.0], [0.3, -0.2]])
image.non_max_suppression_with_scores(BOXES, SCORES, 4, 0.6); image.non_max_suppression_with_scores(BOXES, SCORES, 6, 1.0, 0.2, soft_nms_sigma=0.5); image.non_max_suppression_with_scores(BOXES, SCORES, 6, 0.5, 0.0, soft_nms_sigma=0.3); image.non_max_suppression_overlaps(np.abs(SQUARE), SCORES[:3], 3, 0.4); image.non_max_suppression_overlaps(np.abs(SQUARE), SCORES[:3], 3, 0.6, 0.7)
image.non_max_suppression_padded(tf.constant(BOXES), SCORES, 4); image.non_max_suppression_padded(BOXES, SCORES, 5, pad_to_max_output_size=True); image.non_max_suppression_padded(np.stack([BOXES, BOXES[::-1] * 0.5]), np.stack([SCORES, SCORES]), 3, 0.7, 0.4, pad_to_max_output_size=True)
image.combined_non_max_suppression(UNIT_BOXES[None, :, None], SHARES.T[None], 2, 4); image.combined_non_max_suppression(np.stack([UNIT_BOXES, UNIT_BOXES * 1.5], 1)[None], SHARES.T[None], 2, 9, 0.1, 0.1, pad_per_class=True, clip_boxes=False)
image.stateless_sample_distorted_bounding_box([60, 80, 3], tf.constant([[[0.1, 0.2, 0.6, 0.9]]]), [1, 2]); image.stateless_sample_distorted_bounding_box([61, 47, 3], tf.constant([[[0.1, 0.2, 0.6, 0.9], [0.5, 0.5, 0.9, 1.0]]]), [3, 4], 0.7, [0.5, 2.0], [0.3, 0.8], 20); image.stateless_sample_distorted_bounding_box([33, 64, 3], tf.zeros([1, 0, 4]), [5, 6], use_image_if_no_bounding_boxes=True); image.stateless_sample_distorted_bounding_box([60, 80, 3], tf.constant([[[0.1, 0.2, 0.6, 0.9]]]), [1, 2], 1.0, max_attempts=2)
signal.mdct(LINE, 4); signal.mdct(CUBE, 4, window_fn=None, pad_end=True, norm='ortho'); signal.inverse_mdct(X[:, :2]); signal.inverse_mdct(CUBE[..., :2], norm='ortho')
signal.fftshift(LINE); signal.fftshift(X); signal.ifftshift(X, axes=1); signal.ifftshift(CUBE, [0, 2]); signal.inverse_stft_window_fn(3)(8, dtype=tf.float32); signal.inverse_stft_window_fn(2, signal.hamming_window)(6, tf.float32)
math.real(X); math.imag(X); math.conj(X); math.angle(X); math.conj([1, -2]); linalg.sqrtm(POSITIVE_MATRIX); linalg.sqrtm([[0.0, 1.0], [-1.0, 0.0]]); linalg.sqrtm([[-4.0, 1.0], [0.5, 3.0]]); linalg.sqrtm(np.stack([POSITIVE_MATRIX, 2.0 * POSITIVE_MATRIX]))
linalg.banded_triangular_solve([[2.0, 3.0, 4.0], [1000.0, 2.0, 3.0]], np.ones((3, 1), 'float32')); linalg.banded_triangular_solve([[2.0, 3.0, 4.0, 5.0], [-1.0, -2.0, -3.0, -4.0]], np.ones((4, 2), 'float32'), lower=False); linalg.banded_triangular_solve([[2.0, 3.0, 4.0], [1000.0, 2.0, 3.0]], np.ones((3, 1), 'float32'), adjoint=True)
"""

GRADIENTS = """
image.rgb_to_hsv(x) @ COLORS; image.ssim(x, LARGE * 0.9 + 0.05, 1.0) @ LARGE; image.extract_patches(x, [1, 2, 2, 1], [1, 2, 1, 1], [1, 1, 1, 1], 'SAME') @ BATCH; image.crop_and_resize(x, UNIT_BOXES, [1, 0, 1], [3, 4]) @ BATCH
signal.frame(x, 4, 2) @ LINE; signal.overlap_and_add(x, 2) @ X; signal.dct(x, norm='ortho') @ X
math.zeta([2.0, 3.0], x) @ PAIR; math.polygamma([1.0, 2.0], x) @ PAIR; math.lbeta(x) @ POSITIVE; math.bessel_i0(x) @ X; math.bessel_i1(x) @ X; math.bessel_i0e(x) @ X; math.bessel_i1e(x) @ X; math.igamma(2.0, x) @ POSITIVE; math.special.bessel_j0(x) @ X; math.special.expint(x) @ POSITIVE; math.special.dawsn(x) @ X
linalg.expm(x) @ SQUARE; dynamic_stitch([[0, 2], [3, 1]], [x, x * 2.0]) @ PAIR; strided_slice(x, [0, 1], [2, 3]) @ X; reverse_sequence(x, [2, 3], seq_axis=1) @ X
math.igamma(x, 2.0) @ POSITIVE; math.igammac(x, 3.5) @ POSITIVE; math.igamma(x, x * 9.0) @ POSITIVE; nn.isotonic_regression(x)[0] @ X; nn.fractional_max_pool(x, 1.5, overlapping=True, seed=3)[0] @ BATCH; nn.fractional_avg_pool(x, [1.0, 1.5, 1.5, 1.0], overlapping=True, seed=3)[0] @ BATCH; signal.mdct(x, 4) @ LINE
linalg.sqrtm(x) @ POSITIVE_MATRIX; math.angle(x) @ X; math.real(x) @ X
image.resize(x, [7, 3], 'bicubic') @ BATCH; image.resize(x, [2, 4], 'lanczos3', antialias=True) @ BATCH
"""

NAMES = """
X = np.array([[-1.5, 0.25, 0.75], [2.5, -0.5, 1.25]], "float32")
CUBE = np.arange(24, dtype="float32").reshape(2, 4, 3)
LINE = np.arange(10, dtype="float32")
POSITIVE_MATRIX = np.array([[4.0, 1.0, 0.5], [0.25, 3.0, -1.0], [0.0, 0.5, 2.0]], "float32")
PAIR = np.array([0.75, 3.5], "float32")
WIDE = np.array([-30.0, -8.5, -2.0, 0.0, 0.5, 7.5, 12.0, 100.0], "float32")
POSITIVE = np.array([[0.25, 0.5, 2.25], [1.125, 7.5, 3.0]], "float32")
SHARES = np.array([[0.25, 0.5, 0.75], [0.0, 0.625, 1.0]], "float32")
SQUARE = np.array([[1.0, 0.5, -0.25], [0.0, -1.0, 2.0], [0.5, 0.25, 0.75]], "float32")
STACK = np.stack([SQUARE, SQUARE.T * 3])
TRIDIAGONAL = np.array([[1.0, 2.0, 1.0, 0.0], [4.0, 5.0, 6.0, 4.0], [0.0, 1.0, -1.0, 2.0]], "float32")
IMAGE = np.sin(np.arange(25, dtype="float32")).reshape(5, 5, 1)
BATCH = np.cos(np.arange(100, dtype="float32")).reshape(2, 5, 5, 2)
COLORS = (np.sin(np.arange(24, dtype="float32") ** 2) / 2 + 0.5).reshape(2, 4, 3).astype("float32")
PRIMARIES = np.array([[[0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1]]], "float32")
BYTES = np.arange(24, dtype="uint8").reshape(2, 4, 3) * 10
LARGE = (np.sin(np.arange(2 * 13 * 14 * 2, dtype="float32")) / 2 + 0.5).reshape(2, 13, 14, 2).astype("float32")
BOXES = np.array([[0, 0, 1, 1], [0, 0.1, 1, 1.1], [0, -0.1, 1, 0.9], [0, 10, 1, 11], [0, 10.1, 1, 11.1], [1, 101, 0, 100]], "float32")
SCORES = np.array([0.9, 0.75, 0.6, 0.95, 0.5, 0.3], "float32")
UNIT_BOXES = np.array([[0, 0, 1, 1], [0.25, 0.5, 0.75, 1.25], [0.9, 0.1, 0.2, 0.6]], "float32")
FILTER = np.cos(np.arange(16, dtype="float32")).reshape(2, 2, 2, 2)
"""


def calls():
    return [call.strip() for line in CALLS.strip().splitlines() for call in line.split("; ")]


def gradients():
    return [call.strip() for line in GRADIENTS.strip().splitlines() for call in line.split("; ")]


def names(tf, np):
    """What the expressions refer to: the module's functions, and arrays."""
    found = {"np": np}
    exec(NAMES, found)
    for call in (*calls(), *gradients()):
        first = call.partition(".")[0].partition("(")[0]
        if hasattr(tf, first):
            found[first] = getattr(tf, first)
    return {**found, "linalg": tf.linalg, "tf": tf, "TensorShape": tf.TensorShape}


def plain(value, np):
    """Results as lists of numbers."""
    if isinstance(value, dict):
        return plain(list(value.values()), np)
    if isinstance(value, (list, tuple)) and type(value).__name__ not in ("TensorShape", "Shape"):
        return [plain(v, np) for v in value]
    array = np.array(value)
    return {"dtype": str(array.dtype), "shape": list(array.shape), "values": array.astype("float64").ravel().tolist()}


def gradient(tf, np, call, known):
    """The gradient of the sum of the products of a result with 1, 2, 3 ..."""
    expression, _, of = call.partition(" @ ")
    x = tf.constant(known[of])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = eval(expression, {**known, "x": x})
        ramp = np.arange(1, int(np.prod(y.shape)) + 1, dtype="float32").reshape(tuple(y.shape)) / 8
        total = tf.reduce_sum(y * ramp)
    return plain(tape.gradient(total, x), np)


if __name__ == "__main__":
    import json

    import numpy
    import tensorflow

    known = names(tensorflow, numpy)
    print("{")
    print(",\n".join(
        [f"{json.dumps(call)}: {json.dumps(plain(eval(call, known), numpy))}" for call in calls()]
        + [f"{json.dumps('gradient of ' + call)}: {json.dumps(gradient(tensorflow, numpy, call, known))}"
           for call in gradients()]))
    print("}")
