// Concatenation along channels, and its gradient: `bytes` of every pixel go from map to map.

#include <cstdint>
#include <cstring>

namespace {

// A number of bytes known to the compiler is copied by one or two instructions, not by a call.
template <int64_t known>
void copy_rows(int64_t rows, int64_t bytes, const char* from, int64_t from_step, char* to,
               int64_t to_step) {
#pragma omp parallel for
    for (int64_t r = 0; r < rows; r++)
        std::memcpy(to + r * to_step, from + r * from_step, known ? known : bytes);
}

}  // namespace

extern "C" void copy_channels(int64_t rows, int64_t bytes, const char* from, int64_t from_step,
                              char* to, int64_t to_step) {
    auto copy = bytes == 8    ? copy_rows<8>
                : bytes == 16 ? copy_rows<16>
                : bytes == 32 ? copy_rows<32>
                : bytes == 64 ? copy_rows<64>
                              : copy_rows<0>;
    copy(rows, bytes, from, from_step, to, to_step);
}
