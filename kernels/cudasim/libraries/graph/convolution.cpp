#include "kernels/cudasim/libraries/graph/convolution.h"

#include <algorithm>

#include "kernels/cudasim/libraries/product.h"

// A convolution as products with a matrix of patches: of each output pixel the input's values that its window covers.
namespace melgrad::sim {
namespace {

using Values = std::vector<float>;

struct Groups {
  i64 c, o, patch;  // of one group: channels, filters, values of a patch

  explicit Groups(const Window& s) : c(s.c / s.groups), o(s.o / s.groups), patch(s.kh * s.kw * c) {}
};

/// Some whole rows of an output picture, of one group.
struct Part {
  i64 n, group, first_row, rows;
};

// Calls f for parts of about a hundred pixels.
template <class F>
void for_each_part(const Window& s, F f) {
  i64 rows = std::max<i64>(1, 100 / s.q);
  for (i64 n = 0; n < s.n; ++n) {
    for (i64 group = 0; group < s.groups; ++group) {
      for (i64 p = 0; p < s.p; p += rows) f(Part{n, group, p, std::min(rows, s.p - p)});
    }
  }
}

// Calls f(i, j) for value i of the part's patches (pixels, kh, kw, c) that is value j of x: the first of c each time.
template <class F>
void for_each_tap(const Window& s, const Part& part, F f) {
  Groups of_group(s);
  i64 i = 0;
  for (i64 pixel = 0; pixel < part.rows * s.q; ++pixel) {
    i64 p = part.first_row + pixel / s.q, q = pixel % s.q;
    for (i64 r = 0; r < s.kh; ++r) {
      for (i64 t = 0; t < s.kw; ++t, i += of_group.c) {
        i64 h = p * s.stride_h - s.top + r * s.dilation_h,
            w = q * s.stride_w - s.left + t * s.dilation_w;
        bool inside = h >= 0 && h < s.h && w >= 0 && w < s.w;
        if (inside) f(i, ((part.n * s.h + h) * s.w + w) * s.c + part.group * of_group.c);
      }
    }
  }
}

Values patches_of(const Window& s, const Part& part, const Values& x) {
  Groups of_group(s);
  Values patches(static_cast<std::size_t>(part.rows * s.q * of_group.patch));
  for_each_tap(s, part,
               [&](i64 i, i64 j) { std::copy_n(x.begin() + j, of_group.c, patches.begin() + i); });
  return patches;
}

// Where pixel `pixel` of the part has its first filter in y.
i64 place_in_y(const Window& s, const Part& part, i64 pixel) {
  return ((part.n * s.p + part.first_row) * s.q + pixel) * s.o + part.group * Groups(s).o;
}

// (pixels, o)
Values pixels_of(const Window& s, const Part& part, const Values& y) {
  i64 o = Groups(s).o, pixels = part.rows * s.q;
  Values values(static_cast<std::size_t>(pixels * o));
  for (i64 i = 0; i < pixels; ++i)
    std::copy_n(y.begin() + place_in_y(s, part, i), o, values.begin() + i * o);
  return values;
}

Values transposed(const float* x, i64 rows, i64 cols) {
  Values y(static_cast<std::size_t>(rows * cols));
  for (i64 i = 0; i < rows; ++i) {
    for (i64 j = 0; j < cols; ++j) y[static_cast<std::size_t>(j * rows + i)] = x[i * cols + j];
  }
  return y;
}

std::vector<double> zeros(i64 count) {
  return std::vector<double>(static_cast<std::size_t>(count));
}

Values rounded(const std::vector<double>& x) { return {x.begin(), x.end()}; }

}  // namespace

Values convolve(const Window& s, const Values& x, const Values& weights) {
  Groups of_group(s);
  Values y(static_cast<std::size_t>(s.n * s.p * s.q * s.o));
  std::vector<Values> columns;  // of each group, (patch, o)
  for (i64 group = 0; group < s.groups; ++group)
    columns.push_back(transposed(weights.data() + group * of_group.o * of_group.patch, of_group.o,
                                 of_group.patch));
  for_each_part(s, [&](const Part& part) {
    i64 pixels = part.rows * s.q;
    Values patches = patches_of(s, part, x);
    std::vector<double> sums = zeros(pixels * of_group.o);
    add_product(of_group.o, pixels, of_group.patch,
                columns[static_cast<std::size_t>(part.group)].data(), patches.data(), sums.data(),
                s.sums_in_bf16);
    for (i64 i = 0; i < pixels; ++i) {
      std::transform(sums.begin() + i * of_group.o, sums.begin() + (i + 1) * of_group.o,
                     y.begin() + place_in_y(s, part, i),
                     [](double sum) { return static_cast<float>(sum); });
    }
  });
  return y;
}

Values convolve_backward_data(const Window& s, const Values& weights, const Values& dy) {
  Groups of_group(s);
  std::vector<double> dx = zeros(s.n * s.h * s.w * s.c);
  for_each_part(s, [&](const Part& part) {
    i64 pixels = part.rows * s.q;
    Values pixel_values = pixels_of(s, part, dy);
    std::vector<double> patches = zeros(pixels * of_group.patch);
    add_product(of_group.patch, pixels, of_group.o,
                weights.data() + part.group * of_group.o * of_group.patch, pixel_values.data(),
                patches.data(), s.sums_in_bf16);
    for_each_tap(s, part, [&](i64 i, i64 j) {
      for (i64 c = 0; c < of_group.c; ++c)
        dx[static_cast<std::size_t>(j + c)] += patches[static_cast<std::size_t>(i + c)];
    });
  });
  return rounded(dx);
}

Values convolve_backward_weights(const Window& s, const Values& x, const Values& dy) {
  Groups of_group(s);
  std::vector<double> dweights = zeros(s.o * of_group.patch);
  for_each_part(s, [&](const Part& part) {
    i64 pixels = part.rows * s.q;
    Values patches = patches_of(s, part, x), pixel_values = pixels_of(s, part, dy);
    Values filters = transposed(pixel_values.data(), pixels, of_group.o);
    add_product(of_group.patch, of_group.o, pixels, patches.data(), filters.data(),
                dweights.data() + part.group * of_group.o * of_group.patch, s.sums_in_bf16);
  });
  return rounded(dweights);
}

}  // namespace melgrad::sim
