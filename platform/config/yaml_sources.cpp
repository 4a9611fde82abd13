// SPDX-License-Identifier: Apache-2.0
#include "platform/config/yaml_sources.h"

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "modules/base/error.h"
#include "modules/base/file.h"
#include "platform/config/layer_list.h"
#include "platform/config/source.h"
#include "platform/config/suggest.h"
#include "platform/config/value.h"

namespace fs = std::filesystem;

namespace h2 {
namespace {

constexpr const char* kInclude = "include";
/// What includes may come to: two files that each name the next one twice double at every level.
constexpr std::size_t kMostDepth = 16, kMostFiles = 256;
constexpr std::uint64_t kMostBytes = 16 << 20;  ///< of one file
constexpr const char* kIncludeForm = "a file, or a list of files, relative to the including one";

/// Turns YAML maps into assignments.
class Walker {
 public:
  Walker(const Source& source, ConfigLayer& layer) : source_(source), layer_(layer) {}

  /// `skip_include`: the file's own top level, whose include has been followed already.
  void section(const YAML::Node& map, const std::string& path, bool skip_include) {
    std::vector<std::pair<std::string, int>> seen;
    for (const auto& entry : map) {
      const std::string where = source_.at(entry.first.Mark());
      if (!entry.first.IsScalar()) {
        fail(where, path.empty() ? "top level" : path, "a key is not a word",
             joined(children(path)));
      }
      const std::string& name = entry.first.Scalar();
      for (const auto& earlier : seen) {
        if (earlier.first != name) continue;
        fail(where, path.empty() ? name : path + "." + name,
             "is given twice, first in line " + std::to_string(earlier.second), "once");
      }
      seen.emplace_back(name, entry.first.Mark().line + 1);
      if (skip_include && name == kInclude) continue;
      key(path, name, entry.second, where);
    }
  }

  void key(const std::string& section_path, const std::string& name, const YAML::Node& value,
           const std::string& where) {
    const std::string path = section_path.empty() ? name : section_path + "." + name;
    const bool dotted = source_.is_file && name.find('.') != std::string::npos;
    if (const Key* key = dotted ? nullptr : find_key(path)) {
      if (key->layer_list && value.IsSequence()) {
        LayerList list = read_layer_list(value, source_);
        layer_.push_back({key, std::move(list.value), where, std::move(list.places), false});
        return;
      }
      layer_.push_back({key, read_value(*key, value, source_, where), where, {}, false});
      return;
    }
    const std::vector<std::string> below = children(path);
    if (dotted || below.empty()) {
      fail(where, path,
           dotted ? "a file nests keys, it does not join them with dots"
                  : describe_unknown_key(section_path, name),
           joined(children(section_path)));
    }
    if (!value.IsMap()) {
      fail(value.IsNull() ? where : source_.at(value.Mark()), path,
           value.IsNull() ? "has no keys" : "is not a map of keys", joined(below));
    }
    section(value, path, false);
  }

 private:
  const Source& source_;
  ConfigLayer& layer_;
};

/// Remembers where the latest document begins.
struct DocumentStart : YAML::EventHandler {
  YAML::Mark mark;

  void OnDocumentStart(const YAML::Mark& at) override { mark = at; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

/// YAML::Load ignores what follows the first document, YAML::LoadAll does not end on some of it.
YAML::Node parse(const std::string& text, const Source& source) {
  try {
    std::istringstream in(text);
    YAML::Parser parser(in);
    DocumentStart start;
    if (parser.HandleNextDocument(start) && parser.HandleNextDocument(start)) {
      throw InputError(source.at(start.mark) +
                       ": is outside of the first YAML document; legal: one document");
    }
    return YAML::Load(text);
  } catch (const YAML::DeepRecursion& e) {
    throw InputError(source.at(e.mark) + ": is not YAML: lists or maps are nested too deeply");
  } catch (const YAML::Exception& e) {
    throw InputError(source.at(e.mark) + ": is not YAML: " + e.msg);
  }
}

/// Reads a file and what it includes, depth first.
class FileReader {
 public:
  /// `where`: the include that names the file, empty for the file of the command line.
  void read(const fs::path& file, const std::string& where) {
    const Source source{file.string(), true};
    if (open_.size() == kMostDepth || layers.size() + open_.size() == kMostFiles) {
      fail(where, kInclude,
           open_.size() == kMostDepth ? "is nested too deeply" : "brings in too many files",
           "up to " + std::to_string(kMostDepth) + " files inside each other and " +
               std::to_string(kMostFiles) + " in all");
    }
    const YAML::Node root = parse(contents(file, where), source);
    if (!root.IsNull() && !root.IsMap()) {
      fail(source.at(root.Mark()), "top level", "is not a map of keys", joined(children("")));
    }
    enter(file, where);
    follow_include(root, file, source);
    open_.pop_back();
    ConfigLayer layer;
    if (root.IsMap()) Walker(source, layer).section(root, "", true);
    layers.push_back(std::move(layer));
  }

  std::vector<ConfigLayer> layers;

 private:
  static std::string contents(const fs::path& file, const std::string& where) {
    const std::string prefix = where.empty() ? "" : where + ": include: ";
    try {
      return read_text(file.string(), "a YAML file", kMostBytes);
    } catch (const InputError& e) {
      throw InputError(prefix + e.what());
    }
  }

  void enter(const fs::path& file, const std::string& where) {
    std::error_code error;
    const fs::path canonical = fs::weakly_canonical(file, error);
    if (std::find(open_.begin(), open_.end(), canonical) != open_.end()) {
      std::string chain;
      for (const fs::path& open : open_) chain += open.filename().string() + " -> ";
      fail(where, kInclude, "is a cycle: " + chain + file.filename().string(), kIncludeForm);
    }
    open_.push_back(canonical);
  }

  void follow_include(const YAML::Node& root, const fs::path& file, const Source& source) {
    if (!root.IsMap()) return;
    for (const auto& entry : root) {
      if (!entry.first.IsScalar() || entry.first.Scalar() != kInclude) continue;
      const YAML::Node& value = entry.second;
      const std::string where = source.at(entry.first.Mark());
      if (!value.IsSequence()) {
        include(value, file, source, where);
        continue;
      }
      for (const YAML::Node& item : value) include(item, file, source, where);
    }
  }

  void include(const YAML::Node& name, const fs::path& file, const Source& source,
               const std::string& where) {
    const std::string here = name.IsNull() ? where : source.at(name.Mark());
    if (!name.IsScalar() || name.Scalar().empty()) {
      fail(here, kInclude, "is not a file name", kIncludeForm);
    }
    read((file.parent_path() / name.Scalar()).lexically_normal(), here);
  }

  std::vector<fs::path> open_;  // canonical paths of the files being read
};

}  // namespace

std::vector<ConfigLayer> read_files(const std::string& file) {
  FileReader reader;
  reader.read(file, "");
  return std::move(reader.layers);
}

ConfigLayer read_overrides(const std::vector<Override>& sets) {
  ConfigLayer layer;
  for (const Override& set : sets) {
    const Source source{"--set " + set.path + "=" + set.value, false};
    const std::size_t dot = set.path.rfind('.');
    const std::string section = dot == std::string::npos ? "" : set.path.substr(0, dot);
    const std::string name = set.path.substr(dot + 1);
    const std::size_t first = layer.size();
    Walker(source, layer).key(section, name, parse(set.value, source), source.name);
    for (std::size_t i = first; i < layer.size(); ++i) layer[i].shared = set.shared;
  }
  return layer;
}

}  // namespace h2
