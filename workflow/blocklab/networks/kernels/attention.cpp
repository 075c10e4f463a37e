// Attention of tokens to keys that may each stand for many: forward and backward, without ever
// storing a weight of a query for a key. Float32.
//
// Queries lie side by side in vectors (`lanes`), a strip of them at a time, and every key is held
// against the whole strip. Gradients of keys are summed lane by lane and across lanes at the end,
// always in the same order; images and heads are independent, so the number of threads changes no
// bit.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "arithmetic.hpp"

namespace {

const float INFINITE = std::numeric_limits<float>::infinity();
const int64_t KEYS_AT_ONCE = 16;  // whose sums stay in the first cache

// One head of one image: how many tokens, and how many numbers from one to the next.
struct Shape {
    int64_t queries, keys, stride;
};

// Tokens [count, D] as strips: D vectors for every LANES tokens, zeros after the last token.
template <int D>
std::vector<lanes> strips(const float* tokens, int64_t count, int64_t stride, float factor) {
    std::vector<lanes> result((count + LANES - 1) / LANES * D, lanes{});
    for (int64_t i = 0; i < count; i++)
        for (int d = 0; d < D; d++)
            result[i / LANES * D + d][i % LANES] = tokens[i * stride + d] * factor;
    return result;
}

inline float sum_of(lanes x) {
    float sum = 0.0f;
    for (int lane = 0; lane < LANES; lane++) sum += x[lane];
    return sum;
}

// The way back, for the tokens of one strip.
template <int D>
void unpack(const lanes* strip, int64_t first, int64_t count, int64_t stride, float* tokens) {
    for (int64_t i = first; i < std::min(count, first + LANES); i++)
        for (int d = 0; d < D; d++) tokens[i * stride + d] = strip[d][i - first];
}

// A query's weight for a key. Below 1e-37 it counts as that: `exponential` goes no further.
inline lanes weigh(lanes score) { return exponential(score < -85.0f ? lanes{} - 85.0f : score); }

template <int D>
lanes dot(const lanes* strip, const float* token) {
    lanes result = strip[0] * token[0];
    for (int d = 1; d < D; d++) result += strip[d] * token[d];
    return result;
}

template <int D>
void attend(Shape shape, const float* query, const float* key, const float* value,
            const float* log_counts, float* y, float* log_sums) {
    const auto [queries, keys, stride] = shape;
    const std::vector<lanes> Q = strips<D>(query, queries, stride, 1.0f / std::sqrt(float(D)));
    for (int64_t first = 0; first < queries; first += LANES) {
        const lanes* mine = &Q[first / LANES * D];
        lanes most = lanes{} - INFINITE;
        for (int64_t j = 0; j < keys; j++) {
            lanes score = dot<D>(mine, key + j * stride) + log_counts[j];
            most = score < most ? most : score;
        }
        lanes sum{}, out[D] = {};
        for (int64_t j = 0; j < keys; j++) {
            lanes weight =
                weigh(dot<D>(mine, key + j * stride) + (log_counts[j] - most));
            sum += weight;
            for (int d = 0; d < D; d++) out[d] += weight * value[j * stride + d];
        }
        for (int d = 0; d < D; d++) out[d] /= sum;
        unpack<D>(out, first, queries, stride, y);
        for (int64_t i = first; i < std::min(queries, first + LANES); i++)
            log_sums[i] = most[i - first] + std::log(sum[i - first]);
    }
}

template <int D>
void attend_backward(Shape shape, const float* query, const float* key, const float* value,
                     const float* log_counts, const float* y, const float* log_sums,
                     const float* grad_y, float* grad_query, float* grad_key, float* grad_value) {
    const auto [queries, keys, stride] = shape;
    const float scale = 1.0f / std::sqrt(float(D));
    const std::vector<lanes> Q = strips<D>(query, queries, stride, scale),
                             G = strips<D>(grad_y, queries, stride, 1.0f),
                             Y = strips<D>(y, queries, stride, 1.0f);
    std::vector<lanes> sums = strips<1>(log_sums, queries, 1, 1.0f), grad_q(Q.size(), lanes{});
    // A strip's last lanes may hold no query: no weight, and so no share in any sum.
    for (int64_t i = queries; i % LANES; i++) sums.back()[i % LANES] = INFINITE;
    for (int64_t block = 0; block < keys; block += KEYS_AT_ONCE) {
        const int64_t end = std::min(keys, block + KEYS_AT_ONCE);
        lanes grad_k[KEYS_AT_ONCE][D] = {}, grad_v[KEYS_AT_ONCE][D] = {};
        for (size_t strip = 0; strip < sums.size(); strip++) {
            const lanes *q = &Q[strip * D], *g = &G[strip * D], *out = &Y[strip * D];
            const lanes log_sum = sums[strip];
            lanes inner = g[0] * out[0], mine[D], gradient[D], towards[D];
            for (int d = 1; d < D; d++) inner += g[d] * out[d];
            std::copy(q, q + D, mine);
            std::copy(g, g + D, gradient);
            std::copy(&grad_q[strip * D], &grad_q[strip * D] + D, towards);
            for (int64_t j = block; j < end; j++) {
                const float *k = key + j * stride, *v = value + j * stride;
                lanes *of_key = grad_k[j - block], *of_value = grad_v[j - block];
                lanes weight = weigh(dot<D>(mine, k) + (log_counts[j] - log_sum));
                lanes slope = weight * (dot<D>(gradient, v) - inner);
                for (int d = 0; d < D; d++) towards[d] += slope * k[d];
                for (int d = 0; d < D; d++) of_key[d] += slope * mine[d];
                for (int d = 0; d < D; d++) of_value[d] += weight * gradient[d];
            }
            std::copy(towards, towards + D, &grad_q[strip * D]);
        }
        for (int64_t j = block; j < end; j++)
            for (int d = 0; d < D; d++) {
                grad_key[j * stride + d] = sum_of(grad_k[j - block][d]);
                grad_value[j * stride + d] = sum_of(grad_v[j - block][d]);
            }
    }
    for (lanes& gradient : grad_q) gradient *= scale;
    for (size_t strip = 0; strip < sums.size(); strip++)
        unpack<D>(&grad_q[strip * D], strip * LANES, queries, stride, grad_query);
}

// Tokens that do not occur, with a count of zero, come last and are left out.
int64_t occurring(const float* log_counts, int64_t count) {
    while (count && log_counts[count - 1] == -INFINITE) count--;
    return count;
}

}  // namespace

// All of [images, tokens, heads * D] but log_counts [images, keys] and log_sums [images, heads,
// queries]. With `to_themselves`, a query that does not occur as a key is left out too.

#define FOR_EVERY_HEAD(CALL)                                                                       \
    _Pragma("omp parallel for") for (int64_t at = 0; at < images * heads; at++) {                  \
        const int64_t image = at / heads, head = at % heads, stride = heads * D;                   \
        const int64_t q = image * queries * stride + head * D, s = at * queries;                   \
        const int64_t k = image * keys * stride + head * D, c = image * keys;                      \
        const int64_t used = occurring(log_counts + c, keys);                                      \
        const Shape shape{to_themselves ? used : queries, used, stride};                           \
        CALL;                                                                                      \
    }

#define ATTENTION(WIDTH)                                                                           \
    extern "C" void attention_##WIDTH(int64_t images, int64_t heads, int64_t queries,              \
                                      int64_t keys, int64_t to_themselves, const float* query,     \
                                      const float* key, const float* value,                        \
                                      const float* log_counts, float* y, float* log_sums) {        \
        constexpr int D = WIDTH;                                                                   \
        FOR_EVERY_HEAD(attend<D>(shape, query + q, key + k, value + k, log_counts + c, y + q,      \
                                 log_sums + s))                                                    \
    }                                                                                              \
    extern "C" void attention_backward_##WIDTH(                                                    \
        int64_t images, int64_t heads, int64_t queries, int64_t keys, int64_t to_themselves,       \
        const float* query, const float* key, const float* value, const float* log_counts,         \
        const float* y, const float* log_sums, const float* grad_y, float* grad_query,             \
        float* grad_key, float* grad_value) {                                                      \
        constexpr int D = WIDTH;                                                                   \
        FOR_EVERY_HEAD(attend_backward<D>(shape, query + q, key + k, value + k, log_counts + c,    \
                                          y + q, log_sums + s, grad_y + q, grad_query + q,         \
                                          grad_key + k, grad_value + k))                           \
    }

ATTENTION(4)
ATTENTION(8)
ATTENTION(16)
ATTENTION(32)
