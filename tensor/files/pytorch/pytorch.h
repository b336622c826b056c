#pragma once
#include <filesystem>
#include <map>
#include <string>

#include "tensor/files/safetensors.h"

namespace melgrad {

/// Reads the state dict in a .pth or .pt file, a zip archive (torch 1.6 and later) or the older
/// stream of pickles: of what torch.save() was given the dict that has tensors, itself or one below
/// it ("state_dict", "model"), names without DataParallel's "module."; numbers and texts beside it
/// ("epoch") are metadata. Values, shapes and strides are torch.load()'s, and tensors that share a
/// storage there share it here; half becomes f32, bool u8, shorter integers i64. A tensor that only
/// other dicts have, an optimizer's, say, is not read.
///
/// Nothing that a file names is ever run: what is not of a state dict (pickle.h has the list) is
/// refused by its name. Throws Error that names the file, and what is wrong where: another format,
/// which is named, a whole model or TorchScript, with a way to save its weights; no dict of tensors
/// or several; a file that is cut off or damaged, or whose tensors reach outside of their storage.
/// Memory: what the tensors take, and at most some 500 MB for a pickle that is made to be large.
TensorFile load_pytorch(const std::filesystem::path& path);

/// Writes a zip archive that torch.load(path, weights_only=True) reads as a dict of these, and
/// load_pytorch() too, but without "module." if all names begin with it; the file appears when it
/// is complete (file.h).
void save_pytorch(const std::filesystem::path& path, const std::map<std::string, Tensor>& tensors);

}  // namespace melgrad
