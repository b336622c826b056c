#pragma once
#include <cstddef>
#include <memory>

#include "kernels/device.h"

namespace melgrad {

/// Copies from the host to a GPU that run beside its other work: from memory that the GPU reads by
/// itself, on a stream of their own.
class StagedCopy {
 public:
  StagedCopy() = default;
  StagedCopy(const StagedCopy&) = delete;
  StagedCopy& operator=(const StagedCopy&) = delete;
  virtual ~StagedCopy() = default;

  /// Host memory to fill. There are two such arrays, in turn: waits until the copy before last has
  /// read the one it returns.
  virtual void* staging(std::size_t bytes) = 0;
  /// From here on the next target is free: work that the GPU was given so far may still use its
  /// memory, later work does not.
  virtual void mark_target_free() = 0;
  /// Begins to copy what staging() returned last to `target`, which is on the GPU, when the work up
  /// to mark_target_free() is done.
  virtual void start(void* target, std::size_t bytes) = 0;
  /// Work that the GPU is given from now on waits for the copy. The host does not.
  virtual void finish() = 0;
};

/// A copy from a GPU to the host that nobody waits for before its values are wanted.
class StagedRead {
 public:
  StagedRead() = default;
  StagedRead(const StagedRead&) = delete;
  StagedRead& operator=(const StagedRead&) = delete;
  virtual ~StagedRead() = default;

  /// Of what `source`, which is on the GPU, holds when the work so far is done: later work may
  /// change it.
  virtual void start(const void* source, std::size_t bytes) = 0;
  /// Waits for what was started last, not for work that the GPU was given since. The bytes stay
  /// until the next start().
  virtual const void* finish() = 0;
};

/// Both throw Error on the CPU, which has nothing to copy.
std::unique_ptr<StagedCopy> staged_copy(Device device);
std::unique_ptr<StagedRead> staged_read(Device device);

}  // namespace melgrad
