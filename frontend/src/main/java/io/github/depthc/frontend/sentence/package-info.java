// SPDX-License-Identifier: Apache-2.0
/** How a text's vector comes of an encoder's hidden states. */
package io.github.depthc.frontend.sentence;
