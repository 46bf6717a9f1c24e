/* `ckmig ls --graph`. */
#ifndef CK_DRIVER_LS_GRAPH_H
#define CK_DRIVER_LS_GRAPH_H

#include "bundle/manifest.h"
#include "compiler/driver/driver.h"

/* Prints the object graph as a tree (JSON: a list of nodes). @errors CK_NEEDS_GRAPH, CK_USAGE (patterns), CK_NOMEM */
CK_NODISCARD enum ck_code ck_ls_graph(struct ck_driver *driver, const struct ck_manifest *manifest);

#endif
