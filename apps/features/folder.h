#pragma once
#include "apps/features/recipe.h"

namespace melgrad {

/// One .npy a file, in the folder request.output: of a folder's files at the same place below it,
/// whatever links they were found through. What is there already and was made of the same bytes with
/// the same parameters stays. On all cores; says what it did. Returns the exit code: 1 if a file
/// failed.
///
/// Throws Error before any work where two files would become one, where there is no file, and where
/// something would be written over that was not made here (unless request.force); Interrupted after
/// Ctrl-C.
int write_folder(const Request& request, const FileRecipe& recipe);

}  // namespace melgrad
