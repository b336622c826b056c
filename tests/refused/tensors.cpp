#include "tensor/tensor.h"

using namespace melgrad;

void wrong(const Tensor& x) {
  from_vector(std::vector<int>{1, 2});               // says: a tensor's elements are
  from_vector(std::vector<unsigned>{1, 2}, {1, 2});  // says: a tensor's elements are
  x.to_vector<short>();                              // says: a tensor's elements are
  x.data<char>();                                    // says: a tensor's elements are
}
