/* Tensor bytes of a checkpoint: opened data files, bounded reads, checksums, string tensors. */
#ifndef CK_BUNDLE_DATA_H
#define CK_BUNDLE_DATA_H

#include "bundle/manifest.h"

/* The open data files of a checkpoint. Reads are thread-safe. */
struct ck_data;

/* Opens every shard that some variable lies in. @errors CK_BAD_SHARD, CK_IO, CK_NOMEM */
CK_NODISCARD enum ck_code ck_data_open(const struct ck_manifest *manifest, struct ck_diags *diags, struct ck_data **ret_data);
/* Reads through files [manifest->n_shards] that are open already, and stay so: an output's, which have no name yet. @errors CK_NOMEM */
CK_NODISCARD enum ck_code ck_data_borrow(const struct ck_manifest *manifest, const int *fds, struct ck_diags *diags, struct ck_data **ret_data);
void ck_data_close(struct ck_data *data);
const struct ck_manifest *ck_data_manifest(const struct ck_data *data);

/* n bytes of a variable, from byte `offset` of it; of a partitioned one (no strings) as if it lay in one piece. The range is the caller's duty (CK_ASSERTed). @errors CK_IO */
CK_NODISCARD enum ck_code ck_data_read(const struct ck_data *data, const struct ck_variable *variable, uint64_t offset, size_t n,
				       void *bytes, struct ck_diags *diags);
/* All bytes of a place, which may span several variables that lie side by side, within the shards' known sizes. @errors CK_IO */
CK_NODISCARD enum ck_code ck_data_read_place(const struct ck_data *data, const struct ck_place *place, void *bytes, struct ck_diags *diags);
int ck_data_fd(const struct ck_data *data, uint32_t shard);

/* Reads all of a variable through buffer (n bytes, at least 4096) and checks its CRC; for strings also the lengths' own. */
CK_NODISCARD enum ck_code ck_data_check(const struct ck_data *data, const struct ck_variable *variable, void *buffer, size_t n,
					struct ck_diags *diags);

/* The elements of a string tensor, in arena; its checksums are checked. @errors CK_BAD_CHECKSUM, CK_BAD_ENTRY, CK_IO, CK_NOMEM */
CK_NODISCARD enum ck_code ck_data_strings(const struct ck_data *data, const struct ck_variable *variable, struct ck_arena *arena,
					  struct ck_diags *diags, struct ck_str **ret_strings, size_t *ret_n);
/* The stored bytes of a string tensor with these elements (varint lengths, masked CRC of the lengths, contents), and their entry's unmasked CRC. */
void ck_strings_encode(const struct ck_str *strings, size_t n, struct ck_buf *out, uint32_t *ret_crc);
/* How many bytes that is for one element of n bytes, and for n_elems empty ones. */
uint64_t ck_strings_bytes_of_one(uint64_t n);
uint64_t ck_strings_bytes_of_empty(uint64_t n_elems);

#endif
