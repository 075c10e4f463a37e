// Pooling of whole lines of a map at once: windows around every pixel, and windows side by side.
// Where each maximum was is kept in bytes, and every gradient is written once.

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
        std::vector<float> maxima(size, 0.0f), padded(line + 2 * border * channels);
        for (int64_t h = 0; h < height; h++) {
            const T* g = grad_y + n * size + h * line;
            const uint8_t* which = chosen_row + n * size + h * line;
            for (int64_t k = 0; k < kernel; k++) {
                const int64_t to = h + k - border;
                if (to < 0 || to >= height) continue;
                float* target = maxima.data() + to * line;
                for (int64_t i = 0; i < line; i++) target[i] += which[i] == k ? load(g[i]) : 0.0f;
            }
        }
        for (int64_t h = 0; h < height; h++) {
            const float* g = maxima.data() + h * line;
            const uint8_t* which = chosen_column + n * size + h * line;
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

// Windows that do not overlap: each size x size pixels become one, their maximum or their mean.
// Pixels left over at the right and lower edge count nowhere. `chosen` numbers the pixel of each
// maximum in its window, in reading order; the mean needs none.
template <typename T, bool maximum>
void block_pool(int64_t images, int64_t height, int64_t width, int64_t channels, int64_t size,
                const T* x, T* y, uint8_t* chosen) {
    const int64_t rows = height / size, columns = width / size, line = columns * channels;
#pragma omp parallel for
    for (int64_t r = 0; r < images * rows; r++) {
        const T* in = x + (r / rows * height + r % rows * size) * width * channels;
        std::vector<float> result(line, maximum ? -std::numeric_limits<float>::infinity() : 0.0f);
        std::vector<int32_t> choice(line, 0);
        for (int64_t k = 0; k < size * size; k++)
            for (int64_t c = 0; c < columns; c++) {
                const T* __restrict from = in + (k / size * width + c * size + k % size) * channels;
                float* __restrict most = result.data() + c * channels;
                int32_t* __restrict which = choice.data() + c * channels;
                for (int64_t i = 0; i < channels; i++) {
                    const float candidate = load(from[i]);
                    const bool better = wins(candidate, most[i]);
                    if (maximum) which[i] = better ? int32_t(k) : which[i];
                    most[i] = maximum ? (better ? candidate : most[i]) : most[i] + candidate;
                }
            }
        const float share = maximum ? 1.0f : 1.0f / float(size * size);
        for (int64_t i = 0; i < line; i++) store(y[r * line + i], result[i] * share);
        if (maximum)
            for (int64_t i = 0; i < line; i++) chosen[r * line + i] = uint8_t(choice[i]);
    }
}

template <typename T, bool maximum>
void block_pool_backward(int64_t images, int64_t height, int64_t width, int64_t channels,
                         int64_t size, const T* grad_y, const uint8_t* chosen, T* grad_x) {
    const int64_t rows = height / size, columns = width / size, line = columns * channels;
    const float share = maximum ? 1.0f : 1.0f / float(size * size);
#pragma omp parallel for
    for (int64_t h = 0; h < images * height; h++) {
        const int64_t row = h % height / size;
        T* out = grad_x + h * width * channels;
        std::memset(static_cast<void*>(out), 0, sizeof(T) * width * channels);
        if (row >= rows) continue;
        const int64_t at = (h / height * rows + row) * line;
        std::vector<float> gradient(line);
        std::vector<int32_t> choice(line);
        for (int64_t i = 0; i < line; i++) gradient[i] = load(grad_y[at + i]) * share;
        if (maximum)
            for (int64_t i = 0; i < line; i++) choice[i] = chosen[at + i];
        for (int64_t c = 0; c < columns; c++)
            for (int64_t j = 0; j < size; j++) {
                const int32_t k = int32_t(h % height % size * size + j);
                const float* __restrict g = gradient.data() + c * channels;
                const int32_t* __restrict which = choice.data() + c * channels;
                T* __restrict to = out + (c * size + j) * channels;
                for (int64_t i = 0; i < channels; i++)
                    store(to[i], !maximum || which[i] == k ? g[i] : 0.0f);
            }
    }
}

}  // namespace

// What Python calls, by type of number.

#define BLOCK_POOL(T, SUFFIX, NAME, MAXIMUM)                                                       \
    extern "C" void NAME##_##SUFFIX(int64_t images, int64_t height, int64_t width,                 \
                                    int64_t channels, int64_t size, const T* x, T* y,              \
                                    uint8_t* chosen) {                                             \
        block_pool<T, MAXIMUM>(images, height, width, channels, size, x, y, chosen);               \
    }                                                                                              \
    extern "C" void NAME##_backward_##SUFFIX(int64_t images, int64_t height, int64_t width,        \
                                             int64_t channels, int64_t size, const T* grad_y,      \
                                             const uint8_t* chosen, T* grad_x) {                   \
        block_pool_backward<T, MAXIMUM>(images, height, width, channels, size, grad_y, chosen,     \
                                        grad_x);                                                   \
    }

#define ALL(T, SUFFIX)                                                                             \
    BLOCK_POOL(T, SUFFIX, block_max_pool, true)                                                    \
    BLOCK_POOL(T, SUFFIX, block_mean_pool, false)                                                  \
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
