// Whether what stands in for NVIDIA's headers in a build without them (kernels/cudasim/libraries/include) declares the same:
// each enumerator's value, each call's parameters.
#include <cublas_v2.h>
#include <cudnn.h>
#include <cufft.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace stand_in {
// NOLINTBEGIN(bugprone-suspicious-include)
#include "kernels/cudasim/libraries/include/cublas_v2.h"
#include "kernels/cudasim/libraries/include/cudnn.h"
#include "kernels/cudasim/libraries/include/cufft.h"
// NOLINTEND(bugprone-suspicious-include)
}  // namespace stand_in

namespace {

template <class T>
constexpr std::string_view name_of() {
  return __PRETTY_FUNCTION__;
}

// "stand_in::cudnnStatus_t (stand_in::cudnnContext**)" is "cudnnStatus_t (cudnnContext**)".
constexpr bool is_same(std::string_view ours, std::string_view theirs) {
  constexpr std::string_view space = "stand_in::";
  while (!ours.empty() && !theirs.empty()) {
    if (ours.substr(0, space.size()) == space) {
      ours.remove_prefix(space.size());
    } else if (ours.front() == theirs.front()) {
      ours.remove_prefix(1);
      theirs.remove_prefix(1);
    } else {
      return false;
    }
  }
  return ours.empty() && theirs.empty();
}
static_assert(is_same("stand_in::a (stand_in::b*)", "a (b*)") &&
              !is_same("stand_in::a ()", "a (b*)"));

#define SAME_VALUE(name) \
  static_assert(static_cast<long long>(stand_in::name) == static_cast<long long>(::name), #name);
#define SAME_CALL(name) \
  static_assert(is_same(name_of<decltype(stand_in::name)>(), name_of<decltype(::name)>()), #name);
#include "stand_in_names.h"  // made of the stand-ins' headers (tests/CMakeLists.txt): all that they declare

static_assert(stand_in_calls == 47);

}  // namespace
