/* The part of DLPack's C interface (version 1.x) that says where a tensor is and what it looks like, without owning it:
   `__dlpack_c_exchange_api__` of a tensor's type holds a table of functions. */
#ifndef SHRINKAGE_DLPACK_H
#define SHRINKAGE_DLPACK_H
#include <stddef.h>
#include <stdint.h>

typedef struct {
    void *data;
    struct { int32_t type, id; } device;
    int32_t ndim;
    struct { uint8_t code, bits; uint16_t lanes; } dtype;
    int64_t *shape, *strides;
    uint64_t byte_offset;
} dl_tensor;

typedef struct {
    struct { uint32_t major, minor; } version;
    void *older;
    void *allocator, *owned_from_object, *owned_to_object;
    int (*from_object)(void *object, dl_tensor *out);
    void *stream;
} dl_table;

/* Its address and a number of its shape, strides, type and device; 0, or -1 with Python's error set */
static inline int dl_look(const dl_table *table, void *object, size_t *place, size_t *form) {
    dl_tensor t;
    uint64_t number = 14695981039346656037u;
    if (table->from_object(object, &t) != 0) return -1;
    *place = t.data == NULL ? 0 : (size_t)t.data + (size_t)t.byte_offset;
#define MIX(x) number = (number ^ (uint64_t)(x)) * 1099511628211u
    MIX(t.device.type), MIX(t.dtype.code), MIX(t.dtype.bits), MIX(t.ndim);
    for (int32_t k = 0; k < t.ndim; k++) {
        MIX(t.shape[k]);
        MIX(t.strides[k]);
    }
#undef MIX
    *form = (size_t)number;
    return 0;
}
#endif
