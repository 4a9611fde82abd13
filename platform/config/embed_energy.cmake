# SPDX-License-Identifier: Apache-2.0
# Writes the cost tables FILES into OUTPUT, a C++ source that defines h2::energy_presets().
set(code "#include \"platform/config/energy_table.h\"\n\nnamespace h2 {\n\n")
string(APPEND code "const std::map<std::string, std::string>& energy_presets() {\n")
string(APPEND code "  static const std::map<std::string, std::string> presets{\n")
foreach(file ${FILES})
  get_filename_component(name "${file}" NAME_WE)
  file(READ "${file}" text)
  string(APPEND code "      {\"${name}\", R\"h2_table(${text})h2_table\"},\n")
endforeach()
string(APPEND code "  };\n  return presets;\n}\n\n}  // namespace h2\n")
file(WRITE "${OUTPUT}" "${code}")
