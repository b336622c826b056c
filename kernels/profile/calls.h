#pragma once
#include <span>
#include <string>

#include "kernels/profile/profile.h"

/// What a profile says of the calls of a Backend's methods: name, sizes, and by backend.h's formulas how
/// much they compute and how many bytes their arrays have.
namespace melgrad::calls {

std::string name_of(UnaryOp op);
std::string name_of(BinaryOp op);
std::string name_of(CompareOp op);
std::string name_of(ReduceOp op);
std::string name_of(Distribution from);

template <class... Sizes>
double product(Sizes... sizes) {
  return (static_cast<double>(sizes) * ...);
}
inline double width(Dtype dtype) { return static_cast<double>(size_of(dtype)); }

ProfiledCall elementwise(const std::string& name, Dtype dtype, i64 n, double bytes_an_element);
ProfiledCall broadcast(const std::string& name, Dtype dtype, const BroadcastShape& s,
                       double bytes_of_y);
ProfiledCall copying(const CopyShape& s, Dtype source, Dtype target);
ProfiledCall reduction(const std::string& name, Dtype dtype, const ReduceShape& s,
                       double bytes_of_y);
ProfiledCall indexing(const std::string& name, Dtype dtype, const IndexShape& s);
ProfiledCall resizing(Dtype dtype, const ResizeShape& s);
ProfiledCall product_of(const MatmulShape& s, Dtype dtype);
/// All three passes multiply as often: for every output every weight. What Winograd's method saves is
/// not subtracted.
ProfiledCall convolution(const std::string& name, Dtype dtype, const ConvShape& s);
/// `passes_x`, `passes_y`: how often arrays of x's and of y's size are read or written.
ProfiledCall pooling(const std::string& name, Dtype dtype, const PoolShape& s, double passes_x,
                     double passes_y);
/// An array (rows, channels) is read or written `passes` times.
ProfiledCall over_rows(const std::string& name, Dtype dtype, i64 rows, i64 channels, double passes);
/// `products`: how often each weight is multiplied.
ProfiledCall recurrent(const std::string& name, Dtype dtype, const RnnShape& s, double products);
ProfiledCall optimiser(const std::string& name, Dtype dtype, std::span<const ParameterSlot> slots);
ProfiledCall spectrum(const std::string& name, Dtype dtype, const StftShape& s, double values_out);

}  // namespace melgrad::calls
