# SPDX-License-Identifier: Apache-2.0
# Writes the text of FILES into OUTPUT, a C++ source that defines h2::page_parts(). A file's key is
# its name; the chart library, which has several, is the last of FILES and gets the key chart.js.
set(code "#include \"traces/report/page_parts.h\"\n\nnamespace h2 {\n\n")
string(APPEND code "const std::map<std::string_view, std::string_view>& page_parts() {\n")
string(APPEND code "  static const std::map<std::string_view, std::string_view> parts{\n")
list(LENGTH FILES count)
math(EXPR last "${count} - 1")
foreach(i RANGE ${last})
  list(GET FILES ${i} file)
  get_filename_component(name "${file}" NAME)
  if(i EQUAL last)
    set(name chart.js)
  endif()
  file(READ "${file}" text)
  string(APPEND code "    {\"${name}\", R\"h2_part(${text})h2_part\"},\n")
endforeach()
string(APPEND code "  };\n  return parts;\n}\n\n}  // namespace h2\n")
file(WRITE "${OUTPUT}" "${code}")
