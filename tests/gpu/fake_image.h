/* What the emulated NVRTC calls a cubin: the shared object of a host twin, an ELF file as a real
 * one is, and behind it what the driver must know of its kernels. */
#ifndef TB_FAKE_IMAGE_H
#define TB_FAKE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TB_FAKE_KERNELS_MAX 16

typedef struct tb_fake_kernel {
    char name[64];
    int32_t registers;
} tb_fake_kernel;

typedef struct tb_fake_notes {
    char magic[16];
    char compiler[64]; /* "Cuda compilation tools, release 13.0, V13.0.88", as in any cubin */
    uint64_t checksum; /* of the shared object */
    int32_t sm;
    int32_t count;
    tb_fake_kernel kernel[TB_FAKE_KERNELS_MAX];
} tb_fake_notes;

/** Find the kernels of a shared object: its functions NAME__host. Their registers are left alone.
 *  False for what is no ELF file of this machine, or has too many. */
bool tb_fake_image_kernels(const unsigned char *object, size_t bytes, tb_fake_notes *out);

/** Bytes of the shared object that an image begins with, by its own tables, as the driver is told
 * no length; 0 for what is none. */
size_t tb_fake_image_object(const unsigned char *image);

/** The notes for an object: magic, compiler, checksum. */
void tb_fake_image_seal(const unsigned char *object, size_t bytes, tb_fake_notes *notes);

/** The notes of an image, or false where they are none, or the object is not what they are of. */
bool tb_fake_image_open(const unsigned char *image, size_t object_bytes, tb_fake_notes *out);

#endif
