// SPDX-License-Identifier: Apache-2.0
/** What files of tensors have in common, whatever their format. */
package io.github.depthc.frontend.tensorfile;
