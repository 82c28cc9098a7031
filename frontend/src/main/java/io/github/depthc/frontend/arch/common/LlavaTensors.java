// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.frontend.arch.common;

import io.github.depthc.frontend.arch.Tensors;

/** What a LLaVA checkpoint holds beside its text decoder ({@code llava_arch.py}). */
public final class LlavaTensors {
    private LlavaTensors() {
    }

    /** Declares vision tower, projector and the learned line break unused. */
    public static void declareUnused(Tensors tensors) {
        tensors.unused(LlavaTensors::has);
    }

    /** True for vision tower, projector and the learned line break. */
    public static boolean has(String name) {
        return name.startsWith("model.vision_tower.") || name.startsWith("model.mm_projector.") || name.equals("model.image_newline");
    }
}
