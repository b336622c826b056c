#pragma once
#include <map>
#include <string>

#include "tensor/files/pytorch/pickle.h"

namespace melgrad {

/// The tensors among the object that torch.save() was given.
struct PickledStateDict {
  std::map<std::string, const PickleValue*> tensors;
  std::map<std::string, std::string> metadata;
};

/// Of a dict, itself or the one dict below it, under whatever names ("state_dict", "model"), that
/// has tensors; "module.", which DataParallel puts before all names, is taken off. Numbers and
/// texts on the way become metadata ("epoch"); what else there is, an optimizer's state, say, is
/// passed over. Throws Error that begins "[load_pytorch] FILE: " where no or several dicts have
/// tensors, or one has two of one name.
PickledStateDict find_state_dict(const PickleValue& object, const std::string& file);

}  // namespace melgrad
