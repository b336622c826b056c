#include "tensor/files/signature.h"

namespace melgrad {
namespace {

using namespace std::string_view_literals;

struct Signature {
  std::string_view bytes;   // ? is any byte
  std::string_view within;  // what stands further on, before signature_bytes
  std::string_view kind;
};

// The first that fits counts.
constexpr Signature signatures[] = {
    {"?????\0\0\0{"sv, "", "a safetensors file"},  // before what begins as its length may
    {"PK\3\4"sv, "data.pkl", "a PyTorch file (zip)"},
    {"PK\3\4"sv, ".npy", "a zip of NumPy arrays (npz)"},
    {"PK\3\4"sv, "metadata.json", "a Keras archive (.keras), in which model.weights.h5 lies"},
    {"PK\3\4"sv, "", "a zip archive"},
    {"\x80?\x8a\x0al\xfc\x9c"sv, "", "a PyTorch file (pickle)"},  // before 1.6
    {"\x80\2"sv, "", "a Python pickle"},
    {"\x80\3"sv, "", "a Python pickle"},
    {"\x80\4"sv, "", "a Python pickle"},
    {"\x80\5"sv, "", "a Python pickle"},
    {"\x89HDF\r\n\x1a\n"sv, "", "an HDF5 file"},
    {"\x93NUMPY"sv, "", "a NumPy array (npy)"},
    {"version https://git-lfs"sv, "", "a Git LFS pointer: git lfs pull gets the file"},
    {"<!DOCTYPE"sv, "", "a web page"},
    {"<!doctype"sv, "", "a web page"},
    {"<html"sv, "", "a web page"},
    {"GIF8"sv, "", "a GIF"},
    {"RIFF????WEBP"sv, "", "a WebP picture"},
    {"II*\0"sv, "", "a TIFF picture"},
    {"MM\0*"sv, "", "a TIFF picture"},
    {"????ftypavif"sv, "", "an AVIF picture"},
    {"????ftyphei"sv, "", "an HEIC picture"},
    {"????ftypmif1"sv, "", "an HEIC picture"},
    {"\0\0\0\x0cJXL "sv, "", "a JPEG XL picture"},
    {"\0\0\0\x0cjP  "sv, "", "a JPEG 2000 picture"},
    {"\x89PNG"sv, "", "a PNG"},
    {"\xff\xd8\xff"sv, "", "a JPEG"},
    {"BM"sv, "", "a BMP"},
    {"RIFF????WAVE"sv, "", "a WAV"},
    {"fLaC"sv, "", "a FLAC file"},
    {"OggS"sv, "", "an Ogg file"},
    {"ID3"sv, "", "an mp3"},
    {"????ftyp"sv, "", "an MP4 file"},
    {"%PDF"sv, "", "a PDF"},
    {"\x1f\x8b"sv, "", "a gzip archive"},
};

bool begins_with(std::string_view text, std::string_view pattern) {
  if (text.size() < pattern.size()) return false;
  for (std::size_t i = 0; i < pattern.size(); ++i)
    if (pattern[i] != '?' && pattern[i] != text[i]) return false;
  return true;
}

}  // namespace

std::string_view kind_by_signature(std::string_view beginning) {
  beginning = beginning.substr(0, signature_bytes);
  for (const Signature& each : signatures)
    if (begins_with(beginning, each.bytes) && beginning.find(each.within) != std::string_view::npos)
      return each.kind;
  return {};
}

}  // namespace melgrad
