// SPDX-License-Identifier: Apache-2.0
/** Vectors of texts out of an encoder's bundle. */
package io.github.depthc.cli.embed;
