// Batch normalisation with its activation, in one pass over memory where torch's own operations
// take several. Same mathematics, other rounding; what that is worth in time and exactness stands
// in compiled.py.

#include <algorithm>
#include <cmath>
#include <vector>

#include "arithmetic.hpp"

namespace {

// Where the exponential ends, |x| is cut off as a whole number: of a comparison of floats, GCC
// makes a case with numbers below 1e-38 in it, computed for all, which is very slow on Intel.
template <typename T>
inline float sigmoid(float x) {
    float e = exponential<T>(-float_of(std::min(bits_of(x) & 0x7fffffff, bits_of(87.0f))));
    return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

// Activations of maps of T.

template <typename T>
struct Identity {
    static float value(float x) { return x; }
    static float slope(float) { return 1.0f; }
};

template <typename T>
struct ReLU {
    static float value(float x) { return x < 0.0f ? 0.0f : x; }  // NaN stays NaN
    static float slope(float x) { return x > 0.0f ? 1.0f : 0.0f; }
};

template <typename T>
struct SiLU {
    static float value(float x) { return x * sigmoid<T>(x); }
    static float slope(float x) {
        float s = sigmoid<T>(x);
        return s * (1.0f + x * (1.0f - s));
    }
};

// Numbers are taken a stretch at a time: some whole pixels, about 64 numbers, so that the inner
// loop is long enough for vectors however few channels there are.
int64_t stretch_of(int64_t channels) { return channels * ((64 + channels - 1) / channels); }

const int64_t STRETCHES_PER_PART = 256;

// Repeat one number per channel over a whole stretch.
std::vector<float> spread(const std::vector<float>& values, int64_t stretch) {
    std::vector<float> result(stretch);
    for (int64_t i = 0; i < stretch; i++) result[i] = values[i % values.size()];
    return result;
}

// Sum two numbers per element over each channel: `terms(offset, count, first, second)` adds those
// of `count` elements from `offset` to the sums of a stretch.
template <typename Terms>
void sum_by_channel(int64_t total, int64_t channels, std::vector<double>& first,
                    std::vector<double>& second, Terms terms) {
    const int64_t stretch = stretch_of(channels), part = stretch * STRETCHES_PER_PART;
    const int64_t parts = (total + part - 1) / part;
    std::vector<double> sums(parts * 2 * channels, 0.0);
#pragma omp parallel for
    for (int64_t p = 0; p < parts; p++) {
        std::vector<float> a(stretch, 0.0f), b(stretch, 0.0f);
        const int64_t end = std::min(total, (p + 1) * part);
        for (int64_t at = p * part; at < end; at += stretch)
            terms(at, std::min(stretch, end - at), a.data(), b.data());
        double* mine = &sums[p * 2 * channels];
        for (int64_t i = 0; i < stretch; i++) {
            mine[i % channels] += a[i];
            mine[channels + i % channels] += b[i];
        }
    }
    first.assign(channels, 0.0);
    second.assign(channels, 0.0);
    for (int64_t p = 0; p < parts; p++)
        for (int64_t c = 0; c < channels; c++) {
            first[c] += sums[p * 2 * channels + c];
            second[c] += sums[(p * 2 + 1) * channels + c];
        }
}

// Call `body(offset, count)` for every stretch.
template <typename Body>
void for_each_stretch(int64_t total, int64_t channels, Body body) {
    const int64_t stretch = stretch_of(channels), part = stretch * STRETCHES_PER_PART;
    const int64_t parts = (total + part - 1) / part;
#pragma omp parallel for
    for (int64_t p = 0; p < parts; p++) {
        const int64_t end = std::min(total, (p + 1) * part);
        for (int64_t at = p * part; at < end; at += stretch) body(at, std::min(stretch, end - at));
    }
}

template <typename T, typename Activation>
void batch_norm(int64_t rows, int64_t channels, const T* x, const float* weight, const float* bias,
                float epsilon, float* mean, float* variance, float* inverse, T* y) {
    const int64_t total = rows * channels, stretch = stretch_of(channels);
    // Deviations from the first pixel instead of zero: sums of squares then lose no digits.
    std::vector<float> origin(channels);
    for (int64_t c = 0; c < channels; c++) origin[c] = load(x[c]);
    const std::vector<float> o = spread(origin, stretch);
    std::vector<double> sum, squares;
    sum_by_channel(total, channels, sum, squares,
                   [&](int64_t at, int64_t count, float* __restrict a, float* __restrict b) {
                       const T* __restrict in = x + at;
                       const float* __restrict from = o.data();
                       for (int64_t i = 0; i < count; i++) {
                           float d = load(in[i]) - from[i];
                           a[i] += d;
                           b[i] += d * d;
                       }
                   });
    std::vector<float> scale(channels), shift(channels);
    for (int64_t c = 0; c < channels; c++) {
        double offset = sum[c] / rows;
        double spread = std::max(squares[c] / rows - offset * offset, 0.0);
        mean[c] = float(origin[c] + offset);
        variance[c] = float(spread);
        inverse[c] = float(1.0 / std::sqrt(spread + epsilon));
        scale[c] = weight[c] * inverse[c];
        shift[c] = bias[c] - mean[c] * scale[c];
    }
    const std::vector<float> factors = spread(scale, stretch), terms = spread(shift, stretch);
    for_each_stretch(total, channels, [&](int64_t at, int64_t count) {
        const T* __restrict in = x + at;
        T* __restrict out = y + at;
        const float *__restrict f = factors.data(), *__restrict t = terms.data();
        for (int64_t i = 0; i < count; i++)
            store(out[i], Activation::value(load(in[i]) * f[i] + t[i]));
    });
}

template <typename T, typename Activation>
void batch_norm_backward(int64_t rows, int64_t channels, const T* x, const T* grad_y,
                         const float* weight, const float* bias, const float* mean,
                         const float* inverse, T* grad_x, float* grad_weight, float* grad_bias) {
    const int64_t total = rows * channels, stretch = stretch_of(channels);
    std::vector<float> a(channels), b(channels), p(channels), q(channels);
    for (int64_t c = 0; c < channels; c++) {
        a[c] = weight[c] * inverse[c];  // the activation sees a x + b
        b[c] = bias[c] - mean[c] * a[c];
        p[c] = inverse[c];  // the normalised value is p x + q
        q[c] = -mean[c] * inverse[c];
    }
    const std::vector<float> A = spread(a, stretch), B = spread(b, stretch),
                             P = spread(p, stretch), Q = spread(q, stretch);
    // grad_x holds d, the gradient before the activation, until its means are known.
    std::vector<double> sum, product;
    sum_by_channel(total, channels, sum, product,
                   [&](int64_t at, int64_t count, float* __restrict s, float* __restrict t) {
                       const T *__restrict in = x + at, *__restrict g = grad_y + at;
                       T* __restrict out = grad_x + at;
                       const float *__restrict fa = A.data(), *__restrict fb = B.data();
                       const float *__restrict fp = P.data(), *__restrict fq = Q.data();
                       for (int64_t i = 0; i < count; i++) {
                           float value = load(in[i]);
                           float d = load(g[i]) * Activation::slope(value * fa[i] + fb[i]);
                           s[i] += d;
                           t[i] += d * (value * fp[i] + fq[i]);
                           store(out[i], d);
                       }
                   });
    // grad_x = a (d - mean d - normalised mean(d normalised)) = a d - (u x + v)
    std::vector<float> u(channels), v(channels);
    for (int64_t c = 0; c < channels; c++) {
        grad_bias[c] = float(sum[c]);
        grad_weight[c] = float(product[c]);
        u[c] = a[c] * float(product[c] / rows) * p[c];
        v[c] = a[c] * float(sum[c] / rows + product[c] / rows * q[c]);
    }
    const std::vector<float> U = spread(u, stretch), V = spread(v, stretch);
    for_each_stretch(total, channels, [&](int64_t at, int64_t count) {
        const T* __restrict in = x + at;
        T* __restrict out = grad_x + at;
        const float* __restrict fa = A.data();
        const float *__restrict fu = U.data(), *__restrict fv = V.data();
        for (int64_t i = 0; i < count; i++)
            store(out[i], fa[i] * load(out[i]) - (load(in[i]) * fu[i] + fv[i]));
    });
}

}  // namespace

// What Python calls, by type of number and name of activation.

#define BATCH_NORM(T, SUFFIX, ACTIVATION)                                                          \
    extern "C" void batch_norm_##ACTIVATION##_##SUFFIX(                                            \
        int64_t rows, int64_t channels, const T* x, const float* weight, const float* bias,        \
        float epsilon, float* mean, float* variance, float* inverse, T* y) {                       \
        batch_norm<T, ACTIVATION<T>>(rows, channels, x, weight, bias, epsilon, mean, variance,     \
                                     inverse, y);                                                  \
    }                                                                                              \
    extern "C" void batch_norm_backward_##ACTIVATION##_##SUFFIX(                                   \
        int64_t rows, int64_t channels, const T* x, const T* grad_y, const float* weight,          \
        const float* bias, const float* mean, const float* inverse, T* grad_x,                     \
        float* grad_weight, float* grad_bias) {                                                    \
        batch_norm_backward<T, ACTIVATION<T>>(rows, channels, x, grad_y, weight, bias, mean,       \
                                              inverse, grad_x, grad_weight, grad_bias);            \
    }

#define ALL(T, SUFFIX)              \
    BATCH_NORM(T, SUFFIX, Identity) \
    BATCH_NORM(T, SUFFIX, ReLU)     \
    BATCH_NORM(T, SUFFIX, SiLU)

ALL(float, float32)
ALL(bfloat16, bfloat16)
