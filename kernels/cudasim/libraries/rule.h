#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "kernels/error.h"

namespace melgrad::sim {

/// A sentence of NVIDIA's documentation, in our words, that callers have to keep.
///
///   const Rule leading_dimension("cuBLAS, cublas<t>gemm()", "a leading dimension is at least max(1, rows)");
///   leading_dimension.check(lda >= rows, "cublasGemmEx", "lda is {}, A has {} rows", lda, rows);
///
/// throws Error "[cublasGemmEx] lda is 3, A has 5 rows. cuBLAS, cublas<t>gemm(): a leading dimension is …". A real library may
/// return a status, or compute something else; here the program ends, also where a caller would pass over a status.
class Rule {
 public:
  /// Of static storage: all() has it from then on.
  Rule(std::string_view source, std::string_view sentence);
  Rule(const Rule&) = delete;
  Rule& operator=(const Rule&) = delete;

  template <class... Args>
  void check(bool kept, std::string_view call, std::string_view text, const Args&... args) const {
    if (!kept) [[unlikely]]
      broken(call, format(text, args...));
  }
  std::string text() const { return format("{}: {}", source_, sentence_); }
  /// How often callers broke it in this program.
  int times_broken() const { return times_broken_; }

  static const std::vector<const Rule*>& all();

 private:
  [[noreturn]] void broken(std::string_view call, const std::string& what) const;

  std::string_view source_, sentence_;
  mutable int times_broken_ = 0;
};

}  // namespace melgrad::sim
