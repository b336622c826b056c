#pragma once
#include <map>
#include <string>
#include <vector>

#include "tensor/files/hdf5/header.h"

namespace melgrad {

/// Where each name of a group leads: the address of an object's header, undefined_address where the
/// link is a soft or external one. Groups of both kinds: a symbol table (III.A to III.D), and links
/// in the object's header (IV.A.2.g). Throws Error on links stored "densely", which Keras never does.
std::map<std::string, u64> read_links(const Hdf5Storage& storage,
                                      const std::vector<Hdf5Message>& header,
                                      const std::string& what);

}  // namespace melgrad
