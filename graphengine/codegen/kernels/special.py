"""The error function, its complement and its inverse, and the digamma function, written like `exponential`'s.

References
----------
Shepherd and Laframboise (1981), "Chebyshev approximation of (1 + 2x) exp(x^2) erfc x in 0 <= x < infinity",
Mathematics of Computation 36.
Giles (2012), "Approximating the erfinv function", GPU Computing Gems: log(1 - x^2) as the variable.
Abramowitz and Stegun (1964), 6.3.5, 6.3.7 and 6.3.18: recurrence, reflection and asymptotic series of digamma.
Coefficients interpolate the function at Chebyshev's nodes, in 60 digits.
"""

import math

from numba import types

from .exponential import exp, log
from .formats import at_least, at_most, horner, polynomial
from .scalars import Scalar
from .trigonometric import cot_pi

# erf(x) / x as a polynomial of x^2, up to 1.
_ERF_TERMS = {
    types.float32: (
        1.1283791, -0.37612626, 0.11283594, -0.026854211, 0.0051890872, -0.00080168643, 7.875875e-05,
    ),
    types.float64: (
        1.1283791670955126, -0.3761263890318375, 0.11283791670954879, -0.026866170645076792, 0.0052239776248180145,
        -0.000854832698083379, 0.0001205533111164271, -1.4925595266831182e-05, 1.6461000484121368e-06,
        -1.6350312701054695e-07, 1.4659775274047436e-08, -1.1372848856791674e-09, 5.957176147748911e-11,
    ),
}  # fmt: skip
# (1 + 2 x) exp(x^2) erfc(x) as a polynomial of (x - k) / (x + k) for x >= 0.
_ERFC_CENTER = {types.float32: 3.0, types.float64: 3.75}
_ERFC_TERMS = {
    types.float32: (
        1.253008, -0.13562107, -0.047562294, 0.1296441, -0.11927368, 0.06831669, -0.023770398, 0.0024988304,
        0.0018882363, -0.00072616956, -0.000104241175, 7.720764e-05, 3.898978e-06,
    ),
    types.float64: (
        1.2375126308378275, -0.14024059858554697, 0.003585415485463774, 0.08227673849014518, -0.1088039301417178,
        0.09230432116037823, -0.058693398590213636, 0.028362277418947566, -0.00974657955249034, 0.0017556258529527993,
        0.0002937136341962902, -0.0002901540807684014, 5.164921174521968e-05, 2.238423973101422e-05,
        -1.1444413362522728e-05, -9.735608485065752e-07, 1.7520595614204865e-06, -5.7217208959843563e-08,
        -2.5910876774605044e-07, 2.326282269667956e-08, 3.8966734855230534e-08, -3.7439485150483555e-09,
        -5.284809448214757e-09, 3.1110015018568084e-10, 4.4358863974908454e-10,
    ),
}  # fmt: skip
# erfinv(x) / x as a polynomial of w - 3.125, w = -log(1 - x^2), up to w = 6.25, and of sqrt(w) - center above.
_ERFINV_LIMIT = 6.25
_ERFINV_CENTER = {types.float32: 3.1, types.float64: 4.2}
_ERFINV_TERMS = {
    types.float32: (
        1.6536546, 0.24015819, -0.006033671, -0.00074069103, 0.00018673469, -1.3892153e-05, -1.365833e-06,
        4.2698832e-07, -2.8956496e-08, -4.753106e-09, 1.0361422e-09, 5.702909e-12, -1.25616705e-11,
    ),
    types.float64: (
        1.6536545626831027, 0.24015818242558834, -0.0060336708714268505, -0.0007407025341546428,
        0.0001867342080198105, -1.3882523393958216e-05, -1.365469175876002e-06, 4.234788168231749e-07,
        -2.907039127813327e-08, -4.112660437816256e-09, 1.0512233784792737e-09, -5.414303255889247e-11,
        -1.2978805889185739e-11, 2.63052675404091e-12, -8.071913519938541e-14, -4.0020017152404765e-14,
        6.521313701408759e-15, -3.9403519801155324e-17, -1.2215428520925792e-16, 1.551090791583122e-17,
        6.073657082914834e-19, -3.4735302107042437e-19, 1.999794539638618e-20, 3.1941083758648975e-21,
        -3.5940997352463537e-22,
    ),
}  # fmt: skip
_ERFINV_TAIL = {
    types.float32: (
        2.9332316, 1.0033561, 0.007460064, -0.0056954296, 0.0041209534, -0.0027210286, 0.0013221658, -0.00028720737,
        -0.0001419324, 0.00013054974, -3.0980074e-05,
    ),
    types.float64: (
        4.041726369018339, 1.0099023348149445, 0.000807199382362371, -0.0006519971509440306, 0.00022915319261665226,
        -7.159246720002642e-05, 2.5991568917606085e-05, -1.2833012789750833e-05, 7.430820463325916e-06,
        -4.029489332669104e-06, 1.7878565057975308e-06, -5.647661405202152e-07, 6.89647406427598e-08,
        5.047723520338832e-08, -4.108973954241362e-08, 1.5742141648628527e-08, -2.7244760758211667e-09,
        -6.632499766888474e-10, 6.648728286704039e-10, -2.345178368925391e-10, 2.5888179318290724e-11,
        1.4692542153841736e-11, -5.969307236057755e-12, 1.1873767493985346e-13, -1.0877727972198534e-13,
        2.6325830073947746e-13, -9.592828139917437e-15, -4.473562084418601e-14, 8.08592930598127e-15,
        1.981210631328104e-15, -4.982583161139963e-16,
    ),
}  # fmt: skip
# Steps of the recurrence below 10 (4 in float32), and B_2n / (2 n) of the series.
_DIGAMMA_STEPS = {types.float32: 4, types.float64: 10}
_DIGAMMA_TERMS = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12)


def erf(x: Scalar) -> Scalar:
    """Error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x.

    Error: 2.5 in float32, 1.9 in float64.

    Notes
    -----
    A polynomial up to 1, 1 - erfc(|x|) above.
    """
    magnitude = abs(x)
    is_small = magnitude < 1.0
    square = is_small.select(x * x, 1.0)
    return is_small.select(x * horner(square, _ERF_TERMS[x.type]), (1.0 - _erfc_positive(magnitude)).copysign(x))


def erfc(x: Scalar) -> Scalar:
    """1 - erf(x), accurate in the right tail.

    Error: 4.4 in float32, 4.0 in float64.
    """
    tail = _erfc_positive(abs(x))
    is_small = abs(x) < 0.5
    square = is_small.select(x * x, 0.0)
    near = (-x).fma(horner(square, _ERF_TERMS[x.type]), 1.0)
    return is_small.select(near, (x < 0.0).select(2.0 - tail, tail))


def erfinv(x: Scalar) -> Scalar:
    """The number whose error function is x; infinite at -1 and 1, NaN outside.

    Error: 3.0 in float32 and float64.
    """
    kind = x.type
    w = -log((1.0 - x) * (x + 1.0))
    is_central = w < _ERFINV_LIMIT
    central = polynomial(at_most(w, _ERFINV_LIMIT) - 0.5 * _ERFINV_LIMIT, _ERFINV_TERMS[kind])
    tail = polynomial(at_least(w, _ERFINV_LIMIT).sqrt() - _ERFINV_CENTER[kind], _ERFINV_TAIL[kind])
    finite = x * is_central.select(central, tail)
    return w.equals(math.inf).select(w.copysign(x), finite)


def digamma(x: Scalar) -> Scalar:
    """Derivative of lgamma; NaN at negative whole numbers.

    Error: 8 for positive x, of the result or of 1, whichever is larger: near the zeros of the function only its
    absolute error is small. Near the poles at negative whole numbers it is relative to the result.

    Notes
    -----
    The sum of 1 / (x + k) is one quotient, whose numerator is the derivative of the denominator.
    """
    steps = _DIGAMMA_STEPS[x.type]
    is_negative = x < 0.0
    positive = is_negative.select(1.0 - x, x)
    is_small = positive < float(steps)
    start = is_small.select(positive, 1.0)
    numerator, denominator = start.constant(1.0), start
    for k in range(1, steps):
        numerator = numerator.fma(start + float(k), denominator)
        denominator = denominator * (start + float(k))
    z = is_small.select(positive + float(steps), positive)
    inverse = 1.0 / z
    square = inverse * inverse
    terms = _DIGAMMA_TERMS[: 4 if x.type == types.float32 else 7]
    series = inverse.fma(-0.5, -(square * horner(square, terms)))
    result = (log(z) + series) - is_small.select(numerator / denominator, 0.0)
    r = x - x.rint()
    reflected = r.equals(0.0).select(r.constant(math.nan), result - cot_pi(r))
    return is_negative.select(reflected, result)


def _erfc_positive(x: Scalar) -> Scalar:
    """erfc(x) for x >= 0."""
    x = at_most(x, 30.0)                    # where it is 0; keeps infinity out of the quotients
    center = _ERFC_CENTER[x.type]
    t = (x - center) / (x + center)
    square = x * x
    lost = x.fma(x, -square)
    decay = exp(-square)
    decay = decay.fma(-lost, decay)
    first, *rest = _ERFC_TERMS[x.type]      # the first term alone, so that only its rounding error is of full size
    return decay * (polynomial(t, tuple(rest)).fma(t, first) / x.fma(2.0, 1.0))
