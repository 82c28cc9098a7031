// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.integration;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Holds the directions in which modules may depend on each other.
 *
 * <p>A new module needs a row in {@link #rules()}; {@link #everyClassBelongsToARule()} fails without one.
 */
final class ModuleDirectionsTest {
  private static final String ROOT = "io.github.depthc";

  private static JavaClasses depthc;

  /**
   * @param source folder of the module (or of its modules), relative to the repository root
   * @param name package below the root package
   * @param uses the other packages below the root package that it may depend on
   */
  private record Rule(String source, String name, List<String> uses) {
    @Override
    public String toString() {
      return name + " -> " + (uses.isEmpty() ? "nothing" : String.join(", ", uses));
    }

    String[] permitted() {
      return Stream.concat(Stream.of(name), uses.stream()).map(ModuleDirectionsTest::tree).toArray(String[]::new);
    }
  }

  private static Stream<Rule> rules() {
    return Stream.of(
        new Rule("ir", "ir", List.of()),
        new Rule("image", "image", List.of("ir")),
        new Rule("frontend", "frontend", List.of("image", "ir")),
        new Rule("passes/api", "passes.api", List.of("ir")),
        new Rule("passes/builtin", "passes.builtin", List.of("passes.api", "ir")),
        new Rule("backend/onnx", "backend.onnx", List.of("ir")),
        new Rule("backend/bundle", "backend.runtime", List.of("backend.bundle", "ir")),
        new Rule("backend/bundle", "backend.bundle", List.of("backend.onnx", "ir")),
        new Rule("backend/engines", "backend.engines", List.of("backend.bundle", "backend.onnx", "ir")),
        new Rule("backend/plan", "backend.plan", List.of("backend.kernels", "backend.onnx", "backend.bundle", "backend.runtime", "passes.api", "ir")),
        new Rule("backend/tensorrt", "backend.tensorrt", List.of("backend.plan", "backend.kernels", "backend.bundle", "backend.runtime", "backend.onnx", "ir")),
        new Rule("backend/ort", "backend.ort", List.of("backend.bundle", "backend.runtime", "backend.onnx", "passes.api", "ir")),
        new Rule("backend/kernels", "backend.kernels", List.of("ir")),
        new Rule("reference", "reference", List.of("ir")),
        new Rule("testkit", "testkit", List.of("backend", "reference", "passes.api", "ir")),
        new Rule("server", "server", List.of("frontend", "image", "backend.runtime", "backend.bundle", "ir")),
        new Rule("cli", "cli", List.of("image", "frontend", "passes", "backend", "server", "ir")));
  }

  @BeforeAll
  static void importClasses() {
    depthc =
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(ROOT);
  }

  @ParameterizedTest
  @MethodSource("rules")
  void dependsOnlyOn(Rule rule) {
    classes()
        .that()
        .resideInAPackage(tree(rule.name()))
        .should()
        .onlyDependOnClassesThat(
            not(resideInAPackage(ROOT + "..")).or(resideInAnyPackage(rule.permitted())))
        // A module that has sources but shows no classes means that the import is broken, not that the rule holds.
        .allowEmptyShould(!hasJavaSources(rule.source()))
        .check(depthc);
  }

  /** What a plug-in cannot do well, the built-in passes do not do: graphs are made by builders and the rewriter alone. */
  @Test
  void builtInPassesMakeNothingUnchecked() {
    noClasses()
        .that()
        .resideInAPackage(tree("passes.builtin"))
        .should()
        .callMethodWhere(target(name("unchecked")))
        .check(depthc);
  }

  @Test
  void everyClassBelongsToARule() {
    assertFalse(depthc.isEmpty(), "no classes of " + ROOT + " on the class path");
    List<String> packages = rules().map(rule -> tree(rule.name())).toList();
    List<String> strangers =
        depthc.that(not(resideInAnyPackage(packages.toArray(String[]::new)))).stream().map(JavaClass::getName).toList();
    assertTrue(strangers.isEmpty(), () -> "no rule for " + strangers + "; add a row to rules()");
  }

  private static String tree(String name) {
    return ROOT + "." + name + "..";
  }

  private static boolean hasJavaSources(String module) {
    Path folder = Path.of(System.getProperty("depthc.root"), module);
    try (Stream<Path> files = Files.walk(folder)) {
      return files.anyMatch(
          file ->
              file.toString().endsWith(".java")
                  && file.toString().replace('\\', '/').contains("/src/main/java/")
                  && !file.endsWith("package-info.java"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
