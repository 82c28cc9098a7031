// SPDX-License-Identifier: Apache-2.0
/**
 * What the IR means, computed in F64 token by token with plain loops and no care for speed: the reference that emitted graphs,
 * lowerings and passes are compared with.
 */
package io.github.depthc.reference;
