// Numbers of either type, as maps hold them: read and computed with as float32, one or a vector of
// them at a time.
//
// Maps are channels_last: `rows` pixels (of all images) of `channels` numbers each, float32 or
// bfloat16; whatever is kept or summed is float32 or double. Sums run over parts of a fixed size
// in a fixed order, so the number of threads changes no bit.

#pragma once

#include <cstdint>
#include <cstring>

namespace {

inline int32_t bits_of(float value) {
    int32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

inline float float_of(int32_t bits) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

struct bfloat16 {
    uint16_t bits;
};

inline float load(float value) { return value; }
inline float load(bfloat16 value) { return float_of(int32_t(uint32_t(value.bits) << 16)); }

inline void store(float& target, float value) { target = value; }
inline void store(bfloat16& target, float value) {  // to the nearest, ties to even
    uint32_t bits = uint32_t(bits_of(value)), rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    target.bits = uint16_t(value != value ? 0x7fc0 : rounded);
}

// As many as the processor computes with at once.
#ifdef __AVX512F__
const int LANES = 16;
#else
const int LANES = 8;
#endif

typedef float lanes __attribute__((vector_size(4 * LANES)));
typedef int32_t whole_lanes __attribute__((vector_size(4 * LANES)));

inline float power_of_two(float n) { return float_of((int32_t(n) + 127) << 23); }

inline lanes power_of_two(lanes n) {
    whole_lanes bits = (__builtin_convertvector(n, whole_lanes) + 127) << 23;
    lanes power;
    std::memcpy(&power, &bits, sizeof power);
    return power;
}

// e^x for x from -87 to 0, in operations that a compiler can vectorise: x is n log 2 + r with a
// whole n, and e^r is a polynomial. Exact to about one unit in the last place (coefficients: Cephes,
// expf), or, where the result is kept as bfloat16, to 1e-4 of itself (the best fit), a twentieth of
// what that rounds off.
template <typename Kept = float, typename F>
inline F exponential(F x) {
    const float shift = 12582912.0f;  // 1.5 * 2^23: adding it rounds to a whole number
    F n = (x * 1.44269504f + shift) - shift;
    F r = (x - n * 0.693359375f) + n * 2.12194440e-4f, p;
    if constexpr (sizeof(Kept) == sizeof(bfloat16)) {
        p = (r * 0.16517976f + 0.50413038f) * r + 1.00019584f;
        p = p * r + 1.0f;
    } else {
        p = r * 1.9875691500e-4f + 1.3981999507e-3f;
        p = p * r + 8.3334519073e-3f;
        p = p * r + 4.1665795894e-2f;
        p = p * r + 1.6666665459e-1f;
        p = p * r + 5.0000001201e-1f;
        p = p * r * r + r + 1.0f;
    }
    return p * power_of_two(n);
}

}  // namespace
