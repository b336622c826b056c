#include "apps/features/recipe.h"

#include <bit>
#include <memory>

#include "apps/trained/trained_net.h"
#include "audio/collections/cache.h"
#include "audio/collections/content_hash.h"

namespace melgrad {
namespace {

Example part_of(const Request& request, const std::filesystem::path& path) {
  Example example{path, 0, ""};
  example.offset = request.offset;
  example.duration = request.duration;
  return example;
}

/// Exactly: no two numbers give the same text.
std::string bits(double value) { return hexadecimal(std::bit_cast<u64>(value)); }

FileRecipe what_a_net_sees(const Request& request) {
  std::shared_ptr<const TrainedNet> net = std::make_shared<TrainedNet>(load_trained(request.like));
  check(!std::holds_alternative<Columns>(net->input.recipe), "features",
        "{}: its net sees columns of a table, not files", request.like);
  return {.title = request.like,
          .text = "like " + content_hash(request.like),
          .takes_pictures = !std::holds_alternative<Spectrum>(net->input.recipe) &&
                            !std::holds_alternative<MelImage>(net->input.recipe),
          .compute = [net, request](const std::filesystem::path& path) {
            Tensor row = net->input.load(part_of(request, path));
            return net->see(row.unsqueeze(0)).select(0, 0).contiguous();
          }};
}

// As an input of a net, a feature writes all its parameters.
FileRecipe feature(const Request& request) {
  Input input{.recipe = Spectrum{.feature = request.feature}};
  return {.title = request.feature.kind,
          .text = input.json(),
          .takes_pictures = false,
          .compute = [request](const std::filesystem::path& path) {
            return extract(request.feature, part_of(request, path)).contiguous();
          }};
}

}  // namespace

FileRecipe recipe_of(const Request& request) {
  FileRecipe recipe = request.like.empty() ? feature(request) : what_a_net_sees(request);
  recipe.text += " offset " + bits(request.offset) + " duration " + bits(request.duration) +
                 " melgrad " + MELGRAD_VERSION;
  return recipe;
}

}  // namespace melgrad
