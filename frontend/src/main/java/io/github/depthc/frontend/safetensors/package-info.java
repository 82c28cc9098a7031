// SPDX-License-Identifier: Apache-2.0
/** The safetensors file format: mapped and checked when read, streamed when written. */
package io.github.depthc.frontend.safetensors;
