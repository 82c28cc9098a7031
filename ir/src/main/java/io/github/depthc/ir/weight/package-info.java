// SPDX-License-Identifier: Apache-2.0
/** Weights: references to bytes of mapped files, and lazy views of them that are evaluated while they are written out. */
package io.github.depthc.ir.weight;
