// Vectors of float32, as wide as the processor's own.

#pragma once

#include <cstdint>
#include <cstring>

#ifdef __AVX512F__
const int LANES = 16;
#else
const int LANES = 8;
#endif

typedef float lanes __attribute__((vector_size(4 * LANES)));
typedef int32_t whole_lanes __attribute__((vector_size(4 * LANES)));

// e^x for x of at most 88, to about one unit in the last place: x is n log 2 + r with a whole n,
// and e^r is a polynomial (coefficients: Cephes, expf).
static inline lanes exponential(lanes x) {
    x = x < -87.0f ? lanes{} - 87.0f : x;
    const float shift = 12582912.0f;  // 1.5 * 2^23: adding it rounds to a whole number
    lanes n = (x * 1.44269504f + shift) - shift;
    lanes r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    lanes p = lanes{} + 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    whole_lanes bits = (__builtin_convertvector(n, whole_lanes) + 127) << 23;
    lanes power;
    std::memcpy(&power, &bits, sizeof power);
    return p * power;
}

static inline float sum_of(lanes x) {
    float sum = 0.0f;
    for (int lane = 0; lane < LANES; lane++) sum += x[lane];
    return sum;
}
