// Numbers of either type, as maps hold them: read and computed with as float32.
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

}  // namespace
