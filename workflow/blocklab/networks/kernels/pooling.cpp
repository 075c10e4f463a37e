// Max-pooling that keeps a map's size, from rows and columns; where each maximum was is kept.

#include <algorithm>
#include <limits>
#include <vector>

#include "arithmetic.hpp"

namespace {

// The maximum of a square window is that of its rows' maxima. Where several are equal, the first
// in reading order wins, as in torch, because both steps prefer the first.
inline bool wins(float candidate, float best) { return candidate > best || candidate != candidate; }

template <typename T>
void max_pool(int64_t images, int64_t height, int64_t width, int64_t channels, int64_t kernel,
              const T* x, T* y, uint8_t* chosen_row, uint8_t* chosen_column) {
    const int64_t line = width * channels, size = height * line, border = kernel / 2;
    const float lowest = -std::numeric_limits<float>::infinity();
#pragma omp parallel for
    for (int64_t n = 0; n < images; n++) {
        std::vector<float> padded(line + 2 * border * channels, lowest), maxima(size), best(line);
        std::vector<int32_t> choice(line);
        for (int64_t h = 0; h < height; h++) {
            const T* in = x + n * size + h * line;
            float *middle = padded.data() + border * channels, *most = maxima.data() + h * line;
            int32_t* which = choice.data();
            for (int64_t i = 0; i < line; i++) middle[i] = load(in[i]);
            for (int64_t i = 0; i < line; i++) most[i] = lowest, which[i] = int32_t(border);
            for (int64_t k = 0; k < kernel; k++) {
                const float* candidate = padded.data() + k * channels;
                for (int64_t i = 0; i < line; i++) {
                    bool better = wins(candidate[i], most[i]);
                    most[i] = better ? candidate[i] : most[i];
                    which[i] = better ? int32_t(k) : which[i];
                }
            }
            uint8_t* kept = chosen_column + n * size + h * line;
            for (int64_t i = 0; i < line; i++) kept[i] = uint8_t(which[i]);
        }
        for (int64_t h = 0; h < height; h++) {
            float* most = best.data();
            int32_t* which = choice.data();
            for (int64_t i = 0; i < line; i++) most[i] = lowest, which[i] = int32_t(border);
            for (int64_t k = 0; k < kernel; k++) {
                const int64_t from = h + k - border;
                if (from < 0 || from >= height) continue;
                const float* candidate = maxima.data() + from * line;
                for (int64_t i = 0; i < line; i++) {
                    bool better = wins(candidate[i], most[i]);
                    most[i] = better ? candidate[i] : most[i];
                    which[i] = better ? int32_t(k) : which[i];
                }
            }
            T* out = y + n * size + h * line;
            uint8_t* kept = chosen_row + n * size + h * line;
            for (int64_t i = 0; i < line; i++) store(out[i], most[i]);
            for (int64_t i = 0; i < line; i++) kept[i] = uint8_t(which[i]);
        }
    }
}

template <typename T>
void max_pool_backward(int64_t images, int64_t height, int64_t width, int64_t channels,
                       int64_t kernel, const T* grad_y, const uint8_t* chosen_row,
                       const uint8_t* chosen_column, T* grad_x) {
    const int64_t line = width * channels, size = height * line, border = kernel / 2;
#pragma omp parallel for
    for (int64_t n = 0; n < images; n++) {
        std::vector<float> maxima(size, 0.0f), padded(line + 2 * border * channels), given(line);
        std::vector<int32_t> choice(line);  // as wide as what it is compared for, once per line
        int32_t* which = choice.data();
        for (int64_t h = 0; h < height; h++) {
            float* g = given.data();
            for (int64_t i = 0; i < line; i++) g[i] = load(grad_y[n * size + h * line + i]);
            for (int64_t i = 0; i < line; i++) which[i] = chosen_row[n * size + h * line + i];
            for (int64_t k = 0; k < kernel; k++) {
                const int64_t to = h + k - border;
                if (to < 0 || to >= height) continue;
                float* target = maxima.data() + to * line;
                for (int64_t i = 0; i < line; i++) target[i] += which[i] == k ? g[i] : 0.0f;
            }
        }
        for (int64_t h = 0; h < height; h++) {
            const float* g = maxima.data() + h * line;
            for (int64_t i = 0; i < line; i++) which[i] = chosen_column[n * size + h * line + i];
            std::fill(padded.begin(), padded.end(), 0.0f);
            for (int64_t k = 0; k < kernel; k++) {
                float* target = padded.data() + k * channels;
                for (int64_t i = 0; i < line; i++) target[i] += which[i] == k ? g[i] : 0.0f;
            }
            T* out = grad_x + n * size + h * line;
            const float* middle = padded.data() + border * channels;
            for (int64_t i = 0; i < line; i++) store(out[i], middle[i]);
        }
    }
}

}  // namespace

// What Python calls, by type of number.

#define ALL(T, SUFFIX)                                                                             \
    extern "C" void max_pool_##SUFFIX(int64_t images, int64_t height, int64_t width,               \
                                      int64_t channels, int64_t kernel, const T* x, T* y,          \
                                      uint8_t* chosen_row, uint8_t* chosen_column) {               \
        max_pool<T>(images, height, width, channels, kernel, x, y, chosen_row, chosen_column);     \
    }                                                                                              \
    extern "C" void max_pool_backward_##SUFFIX(                                                    \
        int64_t images, int64_t height, int64_t width, int64_t channels, int64_t kernel,           \
        const T* grad_y, const uint8_t* chosen_row, const uint8_t* chosen_column, T* grad_x) {     \
        max_pool_backward<T>(images, height, width, channels, kernel, grad_y, chosen_row,          \
                             chosen_column, grad_x);                                               \
    }

ALL(float, float32)
ALL(bfloat16, bfloat16)
