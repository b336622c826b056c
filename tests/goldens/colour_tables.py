"""Writes audio/drawing/colour_tables.cpp from matplotlib's colour maps: python colour_tables.py > FILE."""

import matplotlib

print(f"// Written by tests/goldens/colour_tables.py from matplotlib {matplotlib.__version__}.")
print("// magma, viridis: Smith and van der Walt 2015 (CC0). coolwarm: Moreland 2009, \"Diverging")
print('// color maps for scientific visualization".')
print('#include "audio/drawing/colour_tables.h"\n\nnamespace melgrad {\n')
for name in ["magma", "viridis", "coolwarm"]:
    lut = matplotlib.colormaps[name](range(256), bytes=True)
    print(f"// clang-format off\nconst std::array<std::uint32_t, 256> {name}_table = {{")
    for row in range(0, 256, 10):
        print("  " + " ".join("0x%02x%02x%02x," % tuple(lut[i][:3]) for i in range(row, min(row + 10, 256))))
    print("};\n// clang-format on\n")
print("}  // namespace melgrad")
