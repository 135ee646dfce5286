#include "fake_image.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

#define MAGIC      "tilebound-emul1"
#define COMPILER   "Cuda compilation tools, release 13.0, V13.0.88"
#define SUFFIX     "__host"
#define OBJECT_MAX ((uint64_t)64 << 20)

static bool is_elf(const Elf64_Ehdr *header)
{
    return memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
           header->e_ident[EI_CLASS] == ELFCLASS64 && header->e_type == ET_DYN &&
           header->e_shentsize == sizeof(Elf64_Shdr) && header->e_shoff < OBJECT_MAX;
}

size_t tb_fake_image_object(const unsigned char *image)
{
    Elf64_Ehdr header;
    if (memcmp(image, ELFMAG, SELFMAG) != 0) {
        return 0;
    }
    memcpy(&header, image, sizeof header);
    return is_elf(&header) ? header.e_shoff + (size_t)header.e_shnum * sizeof(Elf64_Shdr) : 0;
}

static bool read_section(const unsigned char *object, size_t bytes, unsigned index, Elf64_Shdr *out)
{
    Elf64_Ehdr header;
    memcpy(&header, object, sizeof header);
    if (index >= header.e_shnum) {
        return false;
    }
    memcpy(out, object + header.e_shoff + index * sizeof *out, sizeof *out);
    return out->sh_type == SHT_NOBITS ||
           (out->sh_offset <= bytes && out->sh_size <= bytes - out->sh_offset);
}

/* The dynamic symbols, and their names. */
static bool find_symbols(const unsigned char *object, size_t bytes, Elf64_Shdr *symbols,
                         Elf64_Shdr *names)
{
    for (unsigned i = 0; read_section(object, bytes, i, symbols); i++) {
        if (symbols->sh_type == SHT_DYNSYM) {
            return read_section(object, bytes, symbols->sh_link, names) && names->sh_size > 0 &&
                   object[names->sh_offset + names->sh_size - 1] == '\0';
        }
    }
    return false;
}

/* Add NAME of NAME__host. */
static bool add_kernel(const char *name, tb_fake_notes *out)
{
    size_t length = strlen(name), suffix = strlen(SUFFIX);
    if (length <= suffix || strcmp(name + length - suffix, SUFFIX) != 0) {
        return true;
    }
    if (out->count == TB_FAKE_KERNELS_MAX || length - suffix >= sizeof out->kernel[0].name) {
        return false;
    }
    tb_fake_kernel *kernel = &out->kernel[out->count++];
    memset(kernel, 0, sizeof *kernel);
    memcpy(kernel->name, name, length - suffix);
    return true;
}

bool tb_fake_image_kernels(const unsigned char *object, size_t bytes, tb_fake_notes *out)
{
    Elf64_Shdr symbols, names;
    if (bytes < sizeof(Elf64_Ehdr) || tb_fake_image_object(object) != bytes ||
        !find_symbols(object, bytes, &symbols, &names)) {
        return false;
    }
    out->count = 0;
    for (size_t at = 0; at + sizeof(Elf64_Sym) <= symbols.sh_size; at += sizeof(Elf64_Sym)) {
        Elf64_Sym symbol;
        memcpy(&symbol, object + symbols.sh_offset + at, sizeof symbol);
        if (symbol.st_shndx != SHN_UNDEF && symbol.st_name < names.sh_size &&
            !add_kernel((const char *)object + names.sh_offset + symbol.st_name, out)) {
            return false;
        }
    }
    return true;
}

/* FNV-1a */
static uint64_t checksum(const unsigned char *bytes, size_t count)
{
    uint64_t hash = 0xcbf29ce484222325U;
    for (size_t i = 0; i < count; i++) {
        hash = (hash ^ bytes[i]) * 0x100000001b3U;
    }
    return hash;
}

void tb_fake_image_seal(const unsigned char *object, size_t bytes, tb_fake_notes *notes)
{
    memset(notes->magic, 0, sizeof notes->magic);
    memset(notes->compiler, 0, sizeof notes->compiler);
    memcpy(notes->magic, MAGIC, sizeof MAGIC);
    memcpy(notes->compiler, COMPILER, sizeof COMPILER);
    notes->checksum = checksum(object, bytes);
}

bool tb_fake_image_open(const unsigned char *image, size_t object_bytes, tb_fake_notes *out)
{
    if (memcmp(image + object_bytes, MAGIC, sizeof MAGIC) != 0) {
        return false;
    }
    memcpy(out, image + object_bytes, sizeof *out);
    return out->count >= 0 && out->count <= TB_FAKE_KERNELS_MAX &&
           out->checksum == checksum(image, object_bytes);
}
