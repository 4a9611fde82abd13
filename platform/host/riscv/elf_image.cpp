// SPDX-License-Identifier: Apache-2.0
#include "platform/host/riscv/elf_image.h"

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "modules/base/error.h"
#include "modules/base/file.h"

namespace h2 {
namespace {

std::string hex(std::uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

/// The open file and its descriptor of libelf.
class ElfFile {
 public:
  explicit ElfFile(const std::string& path)
      : path_(path), file_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (file_ < 0) fail(std::strerror(errno));
    elf_version(EV_CURRENT);
    elf_ = elf_begin(file_, ELF_C_READ, nullptr);
  }
  ~ElfFile() {
    elf_end(elf_);
    if (file_ >= 0) close(file_);
  }
  ElfFile(const ElfFile&) = delete;
  ElfFile& operator=(const ElfFile&) = delete;

  GElf_Ehdr header() const {
    GElf_Ehdr h;
    if (elf_ == nullptr || elf_kind(elf_) != ELF_K_ELF || gelf_getehdr(elf_, &h) == nullptr)
      fail("is not an ELF file; legal: a 32-bit RISC-V executable");
    if (h.e_ident[EI_CLASS] != ELFCLASS32 || h.e_machine != EM_RISCV || h.e_type != ET_EXEC) {
      fail("has class " + std::to_string(h.e_ident[EI_CLASS]) + ", machine " +
           std::to_string(h.e_machine) + ", type " + std::to_string(h.e_type) +
           "; legal: class 1 (32 bits), machine 243 (RISC-V), type 2 (executable)");
    }
    return h;
  }

  [[noreturn]] void fail(const std::string& what) const { throw InputError(path_ + ": " + what); }

  Elf* get() const { return elf_; }

 private:
  const std::string path_;
  const int file_;
  Elf* elf_ = nullptr;
};

bool inside(std::uint64_t address, std::uint64_t bytes, std::uint32_t base, std::uint32_t size) {
  return address >= base && bytes <= size && address - base <= size - bytes;
}

/// Sections that the program needs to have in memory. The file's own headers, which linkers put in
/// front of the first one and in the same segment, and notes are not among them.
bool needed(const GElf_Shdr& section) {
  return (section.sh_flags & SHF_ALLOC) != 0 && section.sh_size > 0 && section.sh_type != SHT_NOTE;
}

/// The part of a segment that its needed sections cover; without a section table all of it.
GElf_Phdr needed_part(const ElfFile& file, GElf_Phdr p) {
  std::uint64_t first = p.p_vaddr + p.p_memsz, last = p.p_vaddr;
  bool sections = false;
  for (Elf_Scn* s = nullptr; (s = elf_nextscn(file.get(), s)) != nullptr; sections = true) {
    GElf_Shdr section;
    if (gelf_getshdr(s, &section) == nullptr || !needed(section)) continue;
    const std::uint64_t begin = std::max(section.sh_addr, p.p_vaddr);
    const std::uint64_t end = std::min(section.sh_addr + section.sh_size, p.p_vaddr + p.p_memsz);
    if (begin >= end) continue;
    first = std::min(first, begin);
    last = std::max(last, end);
  }
  if (!sections) return p;
  const std::uint64_t skipped = first - p.p_vaddr;
  p.p_memsz = first < last ? last - first : 0;
  p.p_filesz = std::min(p.p_filesz - std::min(p.p_filesz, skipped), p.p_memsz);
  p.p_vaddr += skipped;
  p.p_paddr += skipped;
  p.p_offset += skipped;
  return p;
}

bool inside(const GElf_Phdr& p, std::uint32_t base, std::uint32_t size) {
  return inside(p.p_paddr, p.p_filesz, base, size) && inside(p.p_vaddr, p.p_memsz, base, size);
}

void read_segments(const ElfFile& file, std::uint32_t base, std::uint32_t size, ElfImage& image) {
  std::size_t count = 0, file_bytes = 0;
  elf_getphdrnum(file.get(), &count);
  const char* const raw = elf_rawfile(file.get(), &file_bytes);
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Phdr p;
    if (gelf_getphdr(file.get(), static_cast<int>(i), &p) == nullptr) file.fail(elf_errmsg(-1));
    if (p.p_type != PT_LOAD || p.p_memsz == 0) continue;
    if (!inside(p, base, size)) p = needed_part(file, p);
    if (p.p_memsz == 0) continue;
    if (!inside(p, base, size)) {
      file.fail("segment " + std::to_string(i) + ", " + std::to_string(p.p_memsz) + " bytes at " +
                hex(p.p_vaddr) + " loaded to " + hex(p.p_paddr) + ", lies outside RAM; legal: " +
                hex(base) + " to " + hex(std::uint64_t{base} + size - 1));
    }
    if (p.p_offset > file_bytes || p.p_filesz > file_bytes - p.p_offset)
      file.fail("segment " + std::to_string(i) + " is cut off");
    const auto* from = reinterpret_cast<const std::uint8_t*>(raw) + p.p_offset;
    image.segments.push_back({static_cast<std::uint32_t>(p.p_paddr),
                              std::vector<std::uint8_t>(from, from + p.p_filesz)});
  }
  if (image.segments.empty()) file.fail("has nothing to load");
}

void read_symbols(const ElfFile& file, ElfImage& image) {
  for (Elf_Scn* s = nullptr; (s = elf_nextscn(file.get(), s)) != nullptr;) {
    GElf_Shdr section;
    if (gelf_getshdr(s, &section) == nullptr || section.sh_type != SHT_SYMTAB) continue;
    Elf_Data* const data = elf_getdata(s, nullptr);
    if (data == nullptr || section.sh_entsize == 0) continue;
    const auto count = static_cast<int>(section.sh_size / section.sh_entsize);
    for (int i = 0; i < count; ++i) {
      GElf_Sym symbol;
      if (gelf_getsym(data, i, &symbol) == nullptr) break;
      const char* const name = elf_strptr(file.get(), section.sh_link, symbol.st_name);
      if (name == nullptr || symbol.st_shndx == SHN_UNDEF) continue;
      const auto value = static_cast<std::uint32_t>(symbol.st_value);
      if (GELF_ST_TYPE(symbol.st_info) == STT_FUNC) image.functions.emplace(value, name);
      if (std::strcmp(name, "tohost") == 0) image.tohost = value;
      if (std::strcmp(name, "fromhost") == 0) image.fromhost = value;
    }
  }
}

}  // namespace

std::string ElfImage::name_of(std::uint32_t address) const {
  auto after = functions.upper_bound(address);
  if (after == functions.begin()) return "";
  --after;
  return address == after->first ? after->second
                                 : after->second + "+" + hex(address - after->first);
}

ElfImage read_elf(const std::string& path, std::uint32_t ram_base, std::uint32_t ram_bytes) {
  require_plain_file(path, "a 32-bit RISC-V executable");
  const ElfFile file(path);
  ElfImage image;
  image.entry = static_cast<std::uint32_t>(file.header().e_entry);
  read_segments(file, ram_base, ram_bytes, image);
  read_symbols(file, image);
  return image;
}

}  // namespace h2
